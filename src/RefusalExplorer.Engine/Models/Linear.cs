using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Kernels;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>y = x·Wᵀ, W [N, K] as PyTorch stores it. For a few rows on the CPU a quantised checkpoint's blocks are read directly.</summary>
internal sealed unsafe class Linear : IDisposable
{
    private readonly Tensor _weight;
    private readonly QuantizedBlocks? _blocks;
    private readonly ThreadTeam? _team;

    private Linear(Tensor weight, QuantizedBlocks? blocks, ThreadTeam? team)
    {
        _weight = weight;
        _blocks = blocks;
        _team = team;
        N = (int)weight.shape[0];
        K = (int)weight.shape[1];
    }

    /// <summary>Output width.</summary>
    public int N { get; }

    /// <summary>Input width.</summary>
    public int K { get; }

    public Tensor Weight => _weight;

    /// <summary>Loads the named matrices, stacked along their rows.</summary>
    public static Linear Load(IWeightSource source, LoadTarget target, int k, params ReadOnlySpan<(string Name, int Rows)> parts)
    {
        var weights = new List<Tensor>();
        var quantized = new QuantizedMatrix?[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            weights.Add(source.Load(parts[i].Name, target.Dtype, target.Device, parts[i].Rows, k));
            quantized[i] = target.Team is null ? null : source.TryGetQuantized(parts[i].Name);
        }
        Tensor weight = weights[0];
        if (weights.Count > 1)
        {
            weight = cat(weights, 0);
            weights.ForEach(w => w.Dispose());
        }
        return new Linear(weight, target.Team is null ? null : QuantizedBlocks.TryStack(quantized), target.Team);
    }

    /// <summary>x [..., K] → [..., N].</summary>
    public Tensor Forward(Tensor x)
    {
        long rows = x.numel() / K;
        if (_blocks is null || rows > QuantizedKernels.MaxRows)
            return nn.functional.linear(x, _weight);
        long[] shape = x.shape;
        shape[^1] = N;
        Tensor y = empty(shape, ScalarType.Float32);
        using Tensor input = x.contiguous();
        float* xp = (float*)TensorMemory.Pointer(input), yp = (float*)TensorMemory.Pointer(y);
        int parts = _team!.Size == 1 ? 1 : 4 * _team.Size;
        _team.Run(parts, part => QuantizedKernels.Multiply(
            _blocks, xp, (int)rows, yp, (int)((long)N * part / parts), (int)((long)N * (part + 1) / parts)));
        return y;
    }

    public void Dispose()
    {
        _weight.Dispose();
        _blocks?.Dispose();
    }
}

/// <summary>Where weights go: type, device, and the threads of the quantised kernels (float32 on the CPU only).</summary>
internal sealed record LoadTarget(ScalarType Dtype, Device Device, ThreadTeam? Team);
