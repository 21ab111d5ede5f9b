using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>One pass of a batch through all blocks with <see cref="FusedKernels"/>: where its columns are, and the memory between operators.</summary>
internal sealed unsafe class FusedPass : IDisposable
{
    private readonly ModelConfig _config;
    private readonly KeyValueCache? _cache;
    private readonly Tensor _padding_B;
    private readonly Device _device;
    private Tensor[] _buffers = [];
    private int _tokens;

    /// <param name="kernels">The model's kernels.</param>
    /// <param name="config">The model's form.</param>
    /// <param name="rotary">Its rotary factors.</param>
    /// <param name="padding">Padding columns on the left of each row.</param>
    /// <param name="columns">New columns, T.</param>
    /// <param name="past">Columns in the cache before them.</param>
    /// <param name="cache">The cache, or null.</param>
    /// <param name="device">The model's device.</param>
    public FusedPass(
        FusedKernels kernels, ModelConfig config, RotaryEmbedding rotary, int[] padding, int columns, int past, KeyValueCache? cache, Device device)
    {
        (Kernels, _config, Rotary, Columns, Past, _cache, _device) = (kernels, config, rotary, columns, past, cache, device);
        cache?.CheckRoom(columns);
        _padding_B = tensor(padding, device: device).DetachFromDisposeScope();
    }

    public FusedKernels Kernels { get; }

    public RotaryEmbedding Rotary { get; }

    public int Columns { get; }

    public int Past { get; }

    /// <summary>Columns between one head's keys and the next's.</summary>
    public int Capacity => _cache?.Capacity ?? Columns;

    public void* Padding => DeviceMemory.Pointer(_padding_B);

    /// <summary>[tokens, D].</summary>
    public void* Stream => DeviceMemory.Pointer(_buffers[0]);

    /// <summary>[tokens, (H + 2K)·E].</summary>
    public void* Qkv => DeviceMemory.Pointer(_buffers[1]);

    /// <summary>[tokens, H·E].</summary>
    public void* Mixed => DeviceMemory.Pointer(_buffers[2]);

    /// <summary>[tokens, 2M].</summary>
    public void* GateUp => DeviceMemory.Pointer(_buffers[3]);

    /// <summary>[tokens, M].</summary>
    public void* Activated => DeviceMemory.Pointer(_buffers[4]);

    public void* Keys(int layer) => DeviceMemory.Pointer(_cache?.Keys(layer) ?? _buffers[5]);

    public void* Values(int layer) => DeviceMemory.Pointer(_cache?.Values(layer) ?? _buffers[6]);

    /// <summary>Rows that keys are written to: a prompt that all rows share fills every row of the cache.</summary>
    public int KeyRows(int rows) => _cache?.Rows ?? rows;

    /// <summary>Makes the buffers large enough; a shared prompt has few tokens until an edit makes its rows differ.</summary>
    public void Reserve(int tokens)
    {
        if (tokens <= _tokens)
            return;
        FreeBuffers();
        _tokens = tokens;
        int E = _config.HeadDim, H = _config.Heads, K = _config.KeyValueHeads, keys = _cache is null ? K * E : 1;
        int[] widths = [_config.ModelDim, (H + K + K) * E, H * E, 2 * _config.MlpDim, _config.MlpDim, keys, keys];
        _buffers = [.. widths.Select(w => empty((long)tokens * w, ScalarType.BFloat16, _device).DetachFromDisposeScope())];
    }

    public void Dispose()
    {
        FreeBuffers();
        _padding_B.Dispose();
    }

    private void FreeBuffers() => Array.ForEach(_buffers, b => b.Dispose());
}
