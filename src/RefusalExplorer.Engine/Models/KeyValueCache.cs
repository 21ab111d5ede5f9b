using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Keys and values of past tokens, preallocated: [B, H_kv, S, E] for each block. Rows are padded on the left.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private Tensor? _prompts;

    public KeyValueCache(ModelConfig config, int rows, int capacity, ScalarType dtype, Device device)
    {
        Capacity = capacity;
        long[] shape = [rows, config.KeyValueHeads, capacity, config.HeadDim];
        _keys = [.. Enumerable.Range(0, config.Layers).Select(_ => zeros(shape, dtype, device).DetachFromDisposeScope())];
        _values = [.. Enumerable.Range(0, config.Layers).Select(_ => zeros(shape, dtype, device).DetachFromDisposeScope())];
    }

    /// <summary>Columns in all.</summary>
    public int Capacity { get; }

    /// <summary>Rows kept.</summary>
    public int Rows => (int)_keys[0].shape[0];

    /// <summary>Columns filled.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// Writes the new columns of one block and returns all of them so far. A single row (a prefix that all rows share) fills every row.
    /// </summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor k_BHTE, Tensor v_BHTE)
    {
        long t = k_BHTE.shape[2];
        CheckRoom((int)t);
        if (_prompts is { } prompts)
        {
            _keys[layer].narrow(2, Length, t).index_copy_(0, prompts, k_BHTE.expand(prompts.shape[0], -1, -1, -1));
            _values[layer].narrow(2, Length, t).index_copy_(0, prompts, v_BHTE.expand(prompts.shape[0], -1, -1, -1));
            return (k_BHTE, v_BHTE);
        }
        _keys[layer].narrow(2, Length, t).copy_(k_BHTE.expand_as(_keys[layer].narrow(2, Length, t)));
        _values[layer].narrow(2, Length, t).copy_(v_BHTE.expand_as(_values[layer].narrow(2, Length, t)));
        long rows = k_BHTE.shape[0];
        return (Filled(_keys[layer], rows, Length + t), Filled(_values[layer], rows, Length + t));
    }

    /// <summary>
    /// Prompts of some rows come next, in a pass of their own: their columns end where the longest prompt's do, and what they read is theirs alone.
    /// </summary>
    /// <param name="rows">Places of the rows.</param>
    /// <param name="columns">Columns of these prompts.</param>
    /// <param name="all">Columns of the longest prompt.</param>
    public void BeginPrompts(Tensor rows, int columns, int all) => (_prompts, Length) = (rows, all - columns);

    /// <summary>All rows' prompts are there.</summary>
    /// <param name="all">Columns of the longest prompt.</param>
    public void EndPrompts(int all) => (_prompts, Length) = (null, all);

    /// <summary>One block's keys, [B, H_kv, S, E].</summary>
    public Tensor Keys(int layer) => _keys[layer];

    /// <summary>One block's values, [B, H_kv, S, E].</summary>
    public Tensor Values(int layer) => _values[layer];

    /// <summary>Throws where so many columns more do not fit.</summary>
    public void CheckRoom(int columns)
    {
        if (Length + columns > Capacity)
            throw new InvalidOperationException($"the cache holds {Capacity} tokens, {Length + columns} were given");
    }

    /// <summary>Says that all blocks have written the last <paramref name="columns"/> columns.</summary>
    public void Advance(int columns) => Length += columns;

    /// <summary>Keeps the given rows only, in that order.</summary>
    public void KeepRows(Tensor rows)
    {
        for (int l = 0; l < _keys.Length; l++)
        {
            Replace(ref _keys[l], rows);
            Replace(ref _values[l], rows);
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _keys.Concat(_values))
            tensor.Dispose();
    }

    private static Tensor Filled(Tensor cache, long rows, long columns) => cache.narrow(0, 0, rows).narrow(2, 0, columns);

    private static void Replace(ref Tensor tensor, Tensor rows)
    {
        Tensor kept = tensor.index_select(0, rows).DetachFromDisposeScope();
        tensor.Dispose();
        tensor = kept;
    }
}
