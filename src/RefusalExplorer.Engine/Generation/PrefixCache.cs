using System.Collections.Immutable;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>
/// Prompts as they enter a block, unedited, for the few that are being looked at: while a slider moves, only blocks from the first edited one on
/// are computed again.
/// </summary>
internal sealed class PrefixCache(int capacity) : IDisposable
{
    private readonly LinkedList<Prefix> _newestFirst = new();

    /// <summary>The prefix of these tokens below a block, made on first use.</summary>
    public Prefix Get(ImmutableArray<int> tokens, int block, Func<Prefix> make)
    {
        for (LinkedListNode<Prefix>? node = _newestFirst.First; node is not null; node = node.Next)
        {
            if (node.Value.Block != block || !node.Value.Tokens.SequenceEqual(tokens))
                continue;
            _newestFirst.Remove(node);
            _newestFirst.AddFirst(node);
            return node.Value;
        }
        Prefix made = make();
        _newestFirst.AddFirst(made);
        if (_newestFirst.Count > capacity)
        {
            _newestFirst.Last!.Value.Dispose();
            _newestFirst.RemoveLast();
        }
        return made;
    }

    public void Dispose()
    {
        foreach (Prefix prefix in _newestFirst)
            prefix.Dispose();
        _newestFirst.Clear();
    }
}

/// <summary>A prompt as it enters a block.</summary>
/// <param name="Tokens">The prompt.</param>
/// <param name="Block">The first block that is not in it.</param>
/// <param name="Resid_1TD">What that block reads, [1, T, D].</param>
/// <param name="Last_L1D">The last token's residual as each block below reads it, [Block, 1, D].</param>
internal sealed record Prefix(ImmutableArray<int> Tokens, int Block, Tensor Resid_1TD, Tensor Last_L1D) : IDisposable
{
    public void Dispose()
    {
        Resid_1TD.Dispose();
        Last_L1D.Dispose();
    }
}
