using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A corpus as the model reads it: texts cut to the context, one after another.</summary>
public sealed class TokenizedCorpus
{
    private readonly int[] _starts;

    /// <summary>Cuts texts and takes as many as the settings allow.</summary>
    /// <param name="texts">Token ids of each text, at least two; shorter ones are left out, since nothing is counted on their first token.</param>
    /// <param name="mayBeHarmful">Whether pages blur the text.</param>
    /// <param name="settings">The context, and how many tokens to take.</param>
    /// <exception cref="PipelineException">Nothing is left.</exception>
    public TokenizedCorpus(IReadOnlyList<ImmutableArray<int>> texts, IReadOnlyList<bool> mayBeHarmful, DashboardSettings settings)
    {
        var starts = new List<int> { 0 };
        var tokens = new List<int>();
        var harmful = new List<bool>();
        for (int i = 0; i < texts.Count && tokens.Count < (settings.MaxTokens ?? int.MaxValue); i++)
        {
            if (texts[i].Length < (settings.SkipFirstToken ? 2 : 1))
                continue;
            tokens.AddRange(texts[i].AsSpan()[..Math.Min(texts[i].Length, settings.ContextTokens)]);
            starts.Add(tokens.Count);
            harmful.Add(mayBeHarmful[i]);
        }
        if (harmful.Count == 0)
            throw new PipelineException("the corpus holds no text of at least two tokens");
        (_starts, Tokens, MayBeHarmful) = ([.. starts], [.. tokens], [.. harmful]);
        SkipsFirst = settings.SkipFirstToken;
    }

    internal TokenizedCorpus(int[] starts, int[] tokens, bool[] mayBeHarmful, bool skipsFirst) =>
        (_starts, Tokens, MayBeHarmful, SkipsFirst) = (starts, tokens, mayBeHarmful, skipsFirst);

    /// <summary>Texts.</summary>
    public int Texts => _starts.Length - 1;

    /// <summary>All token ids.</summary>
    public int[] Tokens { get; }

    /// <summary>Whether pages blur each text.</summary>
    public bool[] MayBeHarmful { get; }

    /// <summary>Whether the first token of each text counts for nothing.</summary>
    public bool SkipsFirst { get; }

    /// <summary>Tokens that count.</summary>
    public int Counted => Tokens.Length - (SkipsFirst ? Texts : 0);

    /// <summary>First token of each text, and the end of the last; [texts + 1].</summary>
    public ReadOnlySpan<int> Starts => _starts;

    /// <summary>Token ids of a text.</summary>
    public ImmutableArray<int> Row(int text) => [.. Tokens.AsSpan(_starts[text].._starts[text + 1])];

    /// <summary>The text that a token belongs to.</summary>
    public int TextOf(int token)
    {
        int found = Array.BinarySearch(_starts, token);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>Texts from <paramref name="first"/> on that one forward pass takes: rows times the longest stay within the budget.</summary>
    public int BatchEnd(int first, int tokensPerBatch)
    {
        int longest = 0, end = first;
        while (end < Texts)
        {
            longest = Math.Max(longest, _starts[end + 1] - _starts[end]);
            if (end > first && longest * (end + 1 - first) > tokensPerBatch)
                break;
            end++;
        }
        return end;
    }
}
