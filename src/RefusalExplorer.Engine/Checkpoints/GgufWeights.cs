using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A GGUF file's weights as the Hugging Face checkpoint had them: its names, its row order, its norms.</summary>
public sealed class GgufWeights : IWeightSource
{
    private readonly GgufFile _file;
    private readonly SortedDictionary<string, (string GgufName, GgufMapping Mapping)> _tensors = new(StringComparer.Ordinal);

    /// <summary>Takes over the file, which is disposed with this object.</summary>
    /// <param name="file">The file.</param>
    /// <param name="config">The form of its model: heads and family decide how rows and norms were stored.</param>
    /// <exception cref="CheckpointFormatException">A tensor does not belong to a model of this family.</exception>
    public GgufWeights(GgufFile file, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        _file = file;
        foreach (string name in file.Names.Where(n => n != GgufNames.RopeFrequencies))
        {
            GgufMapping mapping = GgufNames.Map(name, config)
                ?? throw new CheckpointFormatException(file.Location, $"not a tensor of a {config.Family} model that is supported here", name);
            GgufTensor tensor = file.Tensor(name);
            if (mapping.PermutedHeads > 0 && tensor.Rows % (2L * mapping.PermutedHeads) != 0)
                throw new CheckpointFormatException(file.Location, $"{tensor.Rows} rows do not divide into {mapping.PermutedHeads} heads", name);
            if (!_tensors.TryAdd(mapping.Name, (name, mapping)))
                throw new CheckpointFormatException(file.Location, $"a second tensor for {mapping.Name}", name);
        }
        Names = [.. _tensors.Keys];
    }

    /// <inheritdoc/>
    public string Location => _file.Location;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public string Fingerprint => _file.Fingerprint;

    /// <inheritdoc/>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape(string name) => Find(name).Tensor.Shape;

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device, params ReadOnlySpan<long> expectedShape)
    {
        (GgufTensor tensor, GgufMapping mapping) = Find(name);
        ShapeCheck.Require(Location, name, tensor.Shape, expectedShape);
        Tensor weights = empty(tensor.Shape, ScalarType.Float32, CPU);
        Dequantize(tensor, mapping, weights);
        return TensorMemory.MoveTo(weights, dtype, device);
    }

    /// <inheritdoc/>
    public QuantizedMatrix? TryGetQuantized(string name)
    {
        (GgufTensor tensor, GgufMapping mapping) = Find(name);
        QuantizedFormat? format = tensor.Type switch
        {
            GgmlType.Q4_1 => QuantizedFormat.Q4_1,
            GgmlType.Q8_0 => QuantizedFormat.Q8_0,
            _ => null,
        };
        if (format is null || tensor.Shape.Length != 2 || tensor.Bytes > int.MaxValue || mapping.Addend != 0)
            return null;
        ReadOnlyMemory<byte> blocks = mapping.PermutedHeads == 0 ? _file.Blocks(tensor) : ReorderedBlocks(tensor, mapping);
        return new QuantizedMatrix(format.Value, (int)tensor.Rows, (int)tensor.Columns, blocks);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private (GgufTensor Tensor, GgufMapping Mapping) Find(string name) => _tensors.TryGetValue(name, out var found)
        ? (_file.Tensor(found.GgufName), found.Mapping)
        : throw new CheckpointFormatException(Location, $"no such tensor among its {_tensors.Count}", name);

    private unsafe void Dequantize(GgufTensor tensor, GgufMapping mapping, Tensor weights)
    {
        nint target = (nint)TensorMemory.Pointer(weights);
        int columns = checked((int)tensor.Columns);
        Parallel.For(0, tensor.Rows, row =>
        {
            var destination = new Span<float>((float*)target + (row * columns), columns);
            _file.DequantizeRow(tensor, StoredRow(tensor, mapping, row), destination);
            if (mapping.Addend != 0)
            {
                foreach (ref float weight in destination)
                    weight += mapping.Addend;
            }
        });
    }

    private byte[] ReorderedBlocks(GgufTensor tensor, GgufMapping mapping)
    {
        byte[] blocks = new byte[tensor.Bytes];
        for (long row = 0; row < tensor.Rows; row++)
            _file.RowBlocks(tensor, StoredRow(tensor, mapping, row)).CopyTo(blocks.AsSpan((int)(row * tensor.RowBytes)));
        return blocks;
    }

    // Within a head of 2n rows, Hugging Face's row i·n + j (i the half, j the pair) is stored as row 2j + i.
    private static long StoredRow(GgufTensor tensor, GgufMapping mapping, long row)
    {
        if (mapping.PermutedHeads == 0)
            return row;
        long headRows = tensor.Rows / mapping.PermutedHeads;
        long inHead = row % headRows;
        long pairs = headRows / 2;
        return row - inHead + (inHead % pairs * 2) + (inHead / pairs);
    }
}
