using System.Runtime.InteropServices;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Engine.Models;

/// <summary>SAE slices by SAE and features: a study asks for the same columns thousands of times. Least recently used ones go first.</summary>
internal sealed class SliceCache(Func<Sae, int[], SaeSlice> read, int capacity) : IDisposable
{
    private readonly Dictionary<Key, LinkedListNode<(Key Key, SaeSlice Slice)>> _byKey = [];
    private readonly LinkedList<(Key Key, SaeSlice Slice)> _recent = [];

    public SaeSlice Get(Sae sae, int[] features)
    {
        var key = new Key(sae, features);
        if (_byKey.TryGetValue(key, out var node))
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
            return node.Value.Slice;
        }
        SaeSlice slice = read(sae, features);
        _byKey[key] = _recent.AddFirst((key, slice));
        return slice;
    }

    /// <summary>Drops what is over the capacity. Called between pieces of work, when no plan holds a slice.</summary>
    public void Trim()
    {
        while (_recent.Count > capacity)
        {
            (Key key, SaeSlice slice) = _recent.Last!.Value;
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

    private readonly record struct Key(Sae Sae, int[] Features)
    {
        public bool Equals(Key other) => ReferenceEquals(Sae, other.Sae) && Features.AsSpan().SequenceEqual(other.Features);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Sae);
            hash.AddBytes(MemoryMarshal.AsBytes(Features.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
