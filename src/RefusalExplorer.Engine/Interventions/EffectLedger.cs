using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>Adds up what one layer's edits did over all passes of a run, row by row. Everything stays on the device until asked for.</summary>
internal sealed class EffectLedger(Tensor decoderNorms_S) : IDisposable
{
    private Tensor? _touched_BS;
    private Tensor? _before_BS;
    private Tensor? _after_BS;
    private Tensor? _squares_BS;
    private readonly Dictionary<int, (float[] Touched, float[] Before, float[] After, float[] Norm)> _left = [];

    /// <param name="z">Activations before the edit, [B or 1, T, S].</param>
    /// <param name="delta">Their change, [B, T, S].</param>
    /// <param name="mask">1 where an edit is in scope.</param>
    public void Add(Tensor z, Tensor delta, Tensor mask)
    {
        using var scope = NewDisposeScope();
        // Activations are never negative, so outside the scope 0 takes no part in the maximum.
        Accumulate(ref _touched_BS, delta.ne(0).to(ScalarType.Float32).sum(1), (a, b) => a + b);
        Accumulate(ref _before_BS, (z * mask).amax([1]), maximum);
        Accumulate(ref _after_BS, ((z + delta) * mask).amax([1]), maximum);
        Accumulate(ref _squares_BS, delta.square().sum(1), (a, b) => a + b);
    }

    /// <summary>Takes the sums of rows that leave the batch to the CPU.</summary>
    /// <param name="kept">Rows that stay, by their place in the batch.</param>
    /// <param name="origins">Original row of each place in the batch.</param>
    public void KeepRows(IReadOnlyList<int> kept, IReadOnlyList<int> origins)
    {
        if (_touched_BS is null)
            return;
        foreach (int place in Enumerable.Range(0, origins.Count).Except(kept))
            _left[origins[place]] = Read(place);
        using Tensor index = tensor(kept.Select(k => (long)k).ToArray(), device: _touched_BS.device);
        Replace(ref _touched_BS, index);
        Replace(ref _before_BS, index);
        Replace(ref _after_BS, index);
        Replace(ref _squares_BS, index);
    }

    /// <summary>Tokens touched, maximum before and after, and ‖Δh‖ for each slot, of the original row.</summary>
    public (float[] Touched, float[] Before, float[] After, float[] Norm)? Row(int origin, IReadOnlyList<int> origins)
    {
        if (_left.TryGetValue(origin, out var row))
            return row;
        int place = origins.ToList().IndexOf(origin);
        return _touched_BS is null || place < 0 ? null : Read(place);
    }

    public void Dispose()
    {
        _touched_BS?.Dispose();
        _before_BS?.Dispose();
        _after_BS?.Dispose();
        _squares_BS?.Dispose();
    }

    private (float[] Touched, float[] Before, float[] After, float[] Norm) Read(int place)
    {
        using var scope = NewDisposeScope();
        return (_touched_BS![place].cpu().data<float>().ToArray(), _before_BS![place].cpu().data<float>().ToArray(),
            _after_BS![place].cpu().data<float>().ToArray(),
            (_squares_BS![place].sqrt() * decoderNorms_S).cpu().data<float>().ToArray());
    }

    private static void Accumulate(ref Tensor? sum, Tensor value, Func<Tensor, Tensor, Tensor> combine)
    {
        Tensor next = (sum is null ? value : combine(sum, value)).DetachFromDisposeScope();
        sum?.Dispose();
        sum = next;
    }

    private static void Replace(ref Tensor? tensor, Tensor index)
    {
        Tensor kept = tensor!.index_select(0, index).DetachFromDisposeScope();
        tensor.Dispose();
        tensor = kept;
    }
}
