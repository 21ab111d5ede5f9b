using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A checkpoint's tensors under their Hugging Face names (<c>model.layers.0.self_attn.q_proj.weight</c>), whatever the file.</summary>
/// <remarks>Files stay memory-mapped until disposed; nothing is read before it is asked for.</remarks>
public interface IWeightSource : IDisposable
{
    /// <summary>The file or folder.</summary>
    string Location { get; }

    /// <summary>All names, ascending.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Whether the tensor is there.</summary>
    bool Contains(string name);

    /// <summary>The tensor's shape, rows first as PyTorch has it.</summary>
    /// <exception cref="CheckpointFormatException">The tensor is missing.</exception>
    IReadOnlyList<long> Shape(string name);

    /// <summary>Reads (and dequantises) one tensor. The caller owns it. No expected shape: any will do.</summary>
    /// <exception cref="CheckpointFormatException">The tensor is missing, its shape differs, its type is unknown, or the file ends before it does.</exception>
    Tensor Load(string name, ScalarType dtype, Device device, params ReadOnlySpan<long> expectedShape);

    /// <summary>The tensor's quantised blocks, where the file holds it so and a kernel for them exists, else null.</summary>
    QuantizedMatrix? TryGetQuantized(string name);

    /// <summary>
    /// SHA-256 (lower-case hexadecimal) over the headers and sizes of all files and the first bytes of every tensor: cheap, tells
    /// fine-tunes of one model apart, and names the weights in a run's record.
    /// </summary>
    string Fingerprint { get; }
}

/// <summary>Block formats that the CPU kernels read directly.</summary>
public enum QuantizedFormat
{
    /// <summary>32 weights: f16 scale d, f16 minimum m, 16 bytes of nibbles (low nibbles are weights 0–15); w = q·d + m.</summary>
    Q4_1,

    /// <summary>32 weights: f16 scale d, 32 signed bytes; w = q·d.</summary>
    Q8_0,
}

/// <summary>A row-major matrix [Rows, Columns] in GGUF blocks, rows in Hugging Face order.</summary>
/// <param name="Format">Block format.</param>
/// <param name="Rows">Output features.</param>
/// <param name="Columns">Input features, a multiple of 32.</param>
/// <param name="Blocks">The raw blocks of all rows: memory-mapped, or a copy where rows had to be reordered.</param>
public sealed record QuantizedMatrix(QuantizedFormat Format, int Rows, int Columns, ReadOnlyMemory<byte> Blocks);
