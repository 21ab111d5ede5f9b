using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>Which tokens an intervention touches.</summary>
public enum TokenScopeKind
{
    /// <summary>Every token, of the prompt and generated.</summary>
    All,

    /// <summary>Every token but the first, which is an attention sink that no SAE was trained on.</summary>
    AllButFirst,

    /// <summary>Position 0 alone (the paper's clamping at the BOS token).</summary>
    Bos,

    /// <summary>Tokens that the tokenizer marks as special.</summary>
    Special,

    /// <summary>The prompt's tokens.</summary>
    Prompt,

    /// <summary>Generated tokens.</summary>
    Generated,

    /// <summary>The last n tokens of the prompt.</summary>
    LastN,

    /// <summary>Positions by number, 0-based, in the whole sequence.</summary>
    Positions,
}

/// <summary>Which tokens an intervention touches, with the numbers that some kinds need.</summary>
[JsonConverter(typeof(TokenScopeJsonConverter))]
public sealed record TokenScope
{
    private TokenScope(TokenScopeKind kind) => Kind = kind;

    /// <summary>The kind.</summary>
    public TokenScopeKind Kind { get; }

    /// <summary>n of <see cref="TokenScopeKind.LastN"/>, else 0.</summary>
    public int Count { get; private init; }

    /// <summary>The positions of <see cref="TokenScopeKind.Positions"/>, ascending, else empty.</summary>
    public ImmutableArray<int> Positions { get; private init; } = [];

    /// <summary>Every token.</summary>
    public static TokenScope All { get; } = new(TokenScopeKind.All);

    /// <summary>Every token but the first.</summary>
    public static TokenScope AllButFirst { get; } = new(TokenScopeKind.AllButFirst);

    /// <summary>Position 0.</summary>
    public static TokenScope Bos { get; } = new(TokenScopeKind.Bos);

    /// <summary>Special tokens.</summary>
    public static TokenScope Special { get; } = new(TokenScopeKind.Special);

    /// <summary>The prompt's tokens.</summary>
    public static TokenScope Prompt { get; } = new(TokenScopeKind.Prompt);

    /// <summary>Generated tokens.</summary>
    public static TokenScope Generated { get; } = new(TokenScopeKind.Generated);

    /// <summary>The last <paramref name="n"/> tokens of the prompt.</summary>
    public static TokenScope Last(int n) =>
        n > 0 ? new(TokenScopeKind.LastN) { Count = n } : throw new EngineException($"scope last:{n}: expected a count of at least 1");

    /// <summary>The given positions, 0-based.</summary>
    public static TokenScope At(IEnumerable<int> positions)
    {
        ImmutableArray<int> sorted = [.. positions.Distinct().Order()];
        if (sorted.IsEmpty || sorted[0] < 0)
            throw new EngineException("scope positions: expected \"positions\" with at least one 0-based position");
        return new(TokenScopeKind.Positions) { Positions = sorted };
    }

    /// <summary>Reads <c>all</c>, <c>allButFirst</c>, <c>bos</c>, <c>special</c>, <c>prompt</c>, <c>generated</c>, <c>last:4</c>, or
    /// <c>positions</c> with its list (also <c>positions:3,5</c>).</summary>
    /// <exception cref="EngineException">The text is none of these, or positions are given to another scope.</exception>
    public static TokenScope Parse(string text, IEnumerable<int>? positions = null)
    {
        string t = text.Trim();
        string head = t.Split(':', ' ', '=')[0].ToUpperInvariant();
        bool bare = t.Length == head.Length;
        string tail = bare ? "" : t[(head.Length + 1)..].Trim();
        if (positions is not null && !(bare && head == "POSITIONS"))
            throw new EngineException($"scope '{text}': \"positions\" go with the scope positions alone; change the scope or leave them out");
        return head switch
        {
            "ALL" when bare => All,
            "ALLBUTFIRST" when bare => AllButFirst,
            "BOS" when bare => Bos,
            "SPECIAL" when bare => Special,
            "PROMPT" when bare => Prompt,
            "GENERATED" when bare => Generated,
            "LAST" or "LASTN" when int.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out int n) => Last(n),
            "POSITIONS" when positions is not null => At(positions),
            "POSITIONS" when tail.Length > 0 => At(tail.Split(',').Select(p => ParsePosition(p, text))),
            _ => throw new EngineException(
                $"scope '{text}': expected all, allButFirst, bos, special, prompt, generated, last:<n>, or positions with \"positions\": [..]"),
        };
    }

    private static int ParsePosition(string part, string whole) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int position)
            ? position
            : throw new EngineException($"scope '{whole}': '{part}' is not a 0-based position");

    /// <summary>Whether the token at <paramref name="position"/> is in scope.</summary>
    /// <param name="position">0-based position in the whole sequence.</param>
    /// <param name="promptLength">Tokens of the prompt; later ones are generated.</param>
    /// <param name="isSpecial">Whether the tokenizer marks the token as special.</param>
    public bool Covers(int position, int promptLength, bool isSpecial) => Kind switch
    {
        TokenScopeKind.All => true,
        TokenScopeKind.AllButFirst => position > 0,
        TokenScopeKind.Bos => position == 0,
        TokenScopeKind.Special => isSpecial,
        TokenScopeKind.Prompt => position < promptLength,
        TokenScopeKind.Generated => position >= promptLength,
        TokenScopeKind.LastN => position < promptLength && position >= promptLength - Count,
        TokenScopeKind.Positions => Positions.BinarySearch(position) >= 0,
        _ => throw new InvalidOperationException($"unknown scope kind {Kind}"),
    };

    /// <inheritdoc/>
    public bool Equals(TokenScope? other) =>
        other is not null && Kind == other.Kind && Count == other.Count && Positions.SequenceEqual(other.Positions);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Count, Positions.Length, Positions.IsEmpty ? 0 : Positions[0]);

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Kind switch
    {
        TokenScopeKind.AllButFirst => "allButFirst",
        TokenScopeKind.LastN => string.Create(CultureInfo.InvariantCulture, $"last:{Count}"),
        TokenScopeKind.Positions => $"positions:{string.Join(',', Positions)}",
        _ => Kind.ToString().ToLowerInvariant(),
    };
}
