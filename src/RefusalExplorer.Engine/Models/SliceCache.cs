using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Engine.Models;

/// <summary>SAE slices by layer and features: a study asks for the same columns thousands of times. Least recently used ones go first.</summary>
internal sealed class SliceCache(Func<int, int[], SaeSlice> read, int capacity) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<(string Key, SaeSlice Slice)>> _byKey = [];
    private readonly LinkedList<(string Key, SaeSlice Slice)> _recent = [];

    public SaeSlice Get(int layer, int[] features)
    {
        string key = $"{layer}:{string.Join(',', features)}";
        if (_byKey.TryGetValue(key, out var node))
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
            return node.Value.Slice;
        }
        SaeSlice slice = read(layer, features);
        _byKey[key] = _recent.AddFirst((key, slice));
        return slice;
    }

    /// <summary>Drops what is over the capacity. Called between pieces of work, when no plan holds a slice.</summary>
    public void Trim()
    {
        while (_recent.Count > capacity)
        {
            (string key, SaeSlice slice) = _recent.Last!.Value;
            _recent.RemoveLast();
            _byKey.Remove(key);
            slice.Dispose();
        }
    }

    public void Dispose()
    {
        foreach ((_, SaeSlice slice) in _recent)
            slice.Dispose();
        _recent.Clear();
        _byKey.Clear();
    }
}
