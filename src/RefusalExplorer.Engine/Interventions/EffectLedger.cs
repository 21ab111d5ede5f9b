using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>Adds up what one layer's edits did over all passes of a run, row by row. Everything stays on the device until asked for.</summary>
internal sealed class EffectLedger(float[] decoderNorms_S) : IDisposable
{
    private const int Touched = 0;
    private const int Before = 1;
    private const int After = 2;
    private const int Squares = 3;

    private readonly Dictionary<int, (float[] Touched, float[] Before, float[] After, float[] Norm)> _left = [];
    private Tensor? _sums_4BS;

    /// <summary>The sums so far, [4, B, S]: tokens touched, largest activation before and after, Σ(Δz)². Kernels add to it in place.</summary>
    public Tensor Sums(long rows, Device device)
    {
        if (_sums_4BS is null)
        {
            _sums_4BS = zeros([4, rows, decoderNorms_S.Length], ScalarType.Float32, device).DetachFromDisposeScope();
            using Tensor largest = _sums_4BS.narrow(0, Before, 2);
            largest.fill_(Held.NegativeInfinity);
        }
        return _sums_4BS;
    }

    /// <param name="z">Activations before the edit, [B or 1, T, S].</param>
    /// <param name="delta">Their change, [B, T, S].</param>
    /// <param name="mask">1 where an edit is in scope.</param>
    public void Add(Tensor z, Tensor delta, Tensor mask)
    {
        using var scope = NewDisposeScope();
        Tensor sums = Sums(delta.shape[0], delta.device);
        sums[Touched].PlusInPlace(delta.ne(Held.Zero).to(ScalarType.Float32).sum(1));
        // An edit can leave negative values, so a token outside the scope is no 0 but takes no part in the maximum.
        Tensor outside = mask.eq(Held.Zero);
        Raise(sums[Before], z.masked_fill(outside, Held.NegativeInfinity).amax([1]));
        Raise(sums[After], z.Plus(delta).masked_fill(outside, Held.NegativeInfinity).amax([1]));
        sums[Squares].PlusInPlace(delta.mul(delta).sum(1));
    }

    /// <summary>Takes the sums of rows that leave the batch to the CPU.</summary>
    /// <param name="kept">Rows that stay, by their place in the batch.</param>
    /// <param name="origins">Original row of each place in the batch.</param>
    public void KeepRows(IReadOnlyList<int> kept, IReadOnlyList<int> origins)
    {
        if (_sums_4BS is null)
            return;
        foreach (int place in Enumerable.Range(0, origins.Count).Except(kept))
        {
            using Tensor sums_4S = _sums_4BS.select(1, place);
            _left[origins[place]] = Split(sums_4S.ToFloats());
        }
        using Tensor index = tensor(kept.Select(k => (long)k).ToArray(), device: _sums_4BS.device);
        Tensor rows = _sums_4BS.index_select(1, index).DetachFromDisposeScope();
        _sums_4BS.Dispose();
        _sums_4BS = rows;
    }

    /// <summary>Sums [4, S] of an original row that is still in the batch, in the current dispose scope; null where it left or nothing ran.</summary>
    public Tensor? OnDevice(int origin, IReadOnlyList<int> origins)
    {
        int place = origins.ToList().IndexOf(origin);
        return _sums_4BS is null || place < 0 || _left.ContainsKey(origin) ? null : _sums_4BS.select(1, place);
    }

    /// <summary>What <see cref="Split"/> made of a row when it left the batch, or null.</summary>
    public (float[] Touched, float[] Before, float[] After, float[] Norm)? Left(int origin) => _left.TryGetValue(origin, out var row) ? row : null;

    /// <summary>Sums [4, S] as tokens touched, maximum before and after (−∞ where no token was in scope), and ‖Δh‖ for each slot.</summary>
    public (float[] Touched, float[] Before, float[] After, float[] Norm) Split(ReadOnlySpan<float> sums_4S)
    {
        int S = decoderNorms_S.Length;
        var norms = new float[S];
        for (int s = 0; s < S; s++)
            norms[s] = MathF.Sqrt(sums_4S[(Squares * S) + s]) * decoderNorms_S[s];
        return (sums_4S[..S].ToArray(), sums_4S.Slice(Before * S, S).ToArray(), sums_4S.Slice(After * S, S).ToArray(), norms);
    }

    public void Dispose() => _sums_4BS?.Dispose();

    private static void Raise(Tensor largest, Tensor values) => largest.copy_(maximum(largest, values));
}
