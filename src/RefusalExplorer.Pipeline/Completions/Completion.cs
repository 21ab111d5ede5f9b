using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Completions;

/// <summary>One answer to one prompt.</summary>
public sealed record Completion
{
    /// <summary>0-based prompt.</summary>
    public required int Prompt { get; init; }

    /// <summary>The prompt's ids.</summary>
    public required ImmutableArray<int> PromptIds { get; init; }

    /// <summary>How likely each prompt token but the first was, if asked for.</summary>
    public ImmutableArray<TokenChoice> PromptChoices { get; init; } = [];

    /// <summary>New ids, the end token included if one came.</summary>
    public ImmutableArray<int> Ids { get; init; } = [];

    /// <summary>Their text without special tokens, cut before the stop sequence that ended it.</summary>
    public string Text { get; init; } = "";

    /// <summary>How likely each new token was, if asked for.</summary>
    public ImmutableArray<TokenChoice> Choices { get; init; } = [];

    /// <summary>Whether it came to an end by itself or at a stop sequence, and not for want of room.</summary>
    public bool Ended { get; init; }

    /// <summary>P("I") at the prompt's last position.</summary>
    public double? RefusalProbability { get; init; }

    /// <summary>The verdict on the text; null where nothing was generated.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>What the edits did.</summary>
    public ImmutableArray<FeatureEffect> Effects { get; init; } = [];
}

/// <summary>All answers, with what names the model that gave them.</summary>
/// <param name="Items">By prompt, then by copy.</param>
/// <param name="Fingerprint">Of the weights.</param>
/// <param name="TextOf">Text of each token id that occurs in the answers.</param>
public sealed record CompletionAnswer(ImmutableArray<Completion> Items, string Fingerprint, ImmutableDictionary<int, string> TextOf);

/// <summary>A new token of an answer.</summary>
/// <param name="Item">0-based answer.</param>
/// <param name="Text">Text that it completes; may be empty while a character is incomplete.</param>
/// <param name="Choice">How likely it was; null unless asked for.</param>
/// <param name="Pieces">Text of the token and of those beside it in <paramref name="Choice"/>, in that order.</param>
public sealed record CompletionToken(int Item, string Text, TokenChoice? Choice, ImmutableArray<string> Pieces);
