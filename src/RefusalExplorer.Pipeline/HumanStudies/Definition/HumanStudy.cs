using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>
/// A blind human study of features (paper, "Human Study" and Figure 7): what people are shown, and what is compared with their labels afterwards.
/// It never changes once it is made.
/// </summary>
public sealed record HumanStudy
{
    /// <summary>What annotators choose where no label fits; it excludes all labels.</summary>
    public const string None = "None";

    /// <summary>Most labels: each has a digit of its own, and 0 is <see cref="None"/>.</summary>
    public const int MostLabels = 9;

    /// <summary>Unique id; the page's address ends with it.</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Title { get; init; }

    /// <summary>A configured model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The run that the activation labels come from.</summary>
    public required string LabelsFrom { get; init; }

    /// <summary>UTC time of its making.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>How the items were picked.</summary>
    public required HumanStudySettings Settings { get; init; }

    /// <summary>The labels; the digit of each is its place, from 1.</summary>
    public required ImmutableArray<string> Labels { get; init; }

    /// <summary>Everything that is annotated.</summary>
    public required ImmutableArray<StudyItem> Items { get; init; }

    /// <summary>What could not be picked as the settings asked, a line each.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>Why an item is in the study. Annotators cannot tell one from another.</summary>
public enum ItemKind
{
    /// <summary>A feature.</summary>
    Feature,

    /// <summary>Texts whose label is known: who misses it did not read them.</summary>
    Catch,

    /// <summary>A feature for the second time: does the annotator agree with themself?</summary>
    Repeat,
}

/// <summary>One card.</summary>
public sealed record StudyItem
{
    /// <summary>Its id within the study; says nothing about what it is.</summary>
    public required string Id { get; init; }

    /// <summary>Why it is there.</summary>
    public required ItemKind Kind { get; init; }

    /// <summary>The feature; null of a catch trial.</summary>
    public FeatureId? Feature { get; init; }

    /// <summary>The stratum that it was drawn from (<c>2 categories</c>, <c>random, silent</c>).</summary>
    public required string Group { get; init; }

    /// <summary>Labels by activation; of a catch trial the known label. Empty: none.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>Of a repeat: the item that it repeats.</summary>
    public string? RepeatOf { get; init; }

    /// <summary>What the feature was said to stand for, if the study shows explanations.</summary>
    public string? Explanation { get; init; }

    /// <summary>Its texts.</summary>
    public required ImmutableArray<BlindExample> Examples { get; init; }
}

/// <summary>A text as annotators see it: which tokens the feature fires on, but not how strongly.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="CutBefore">Whether the text begins before.</param>
/// <param name="CutAfter">Whether the text goes on.</param>
/// <param name="MayBeHarmful">Whether it is blurred until it is revealed.</param>
public sealed record BlindExample(ImmutableArray<BlindToken> Tokens, bool CutBefore, bool CutAfter, bool MayBeHarmful);

/// <summary>How a token is marked.</summary>
public enum TokenMark
{
    /// <summary>Not at all.</summary>
    Plain,

    /// <summary>The feature fires on it, at least half as strongly as on the strongest.</summary>
    Active,

    /// <summary>The feature fires on it most strongly.</summary>
    Strongest,
}

/// <summary>A token.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Mark">How it is marked.</param>
public sealed record BlindToken(string Text, TokenMark Mark = TokenMark.Plain);
