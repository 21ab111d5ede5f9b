using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>
/// All that an annotator may know: no activation, no label by activation, no other's answer, not even which feature it is
/// or whether the item is a catch trial.
/// </summary>
public sealed record AnnotatorView
{
    /// <summary>The study's name.</summary>
    public required string Title { get; init; }

    /// <summary>The annotator's name.</summary>
    public required string Annotator { get; init; }

    /// <summary>The labels; the digit of each is its place, from 1.</summary>
    public required ImmutableArray<string> Labels { get; init; }

    /// <summary>Items answered.</summary>
    public required int Answered { get; init; }

    /// <summary>All items.</summary>
    public required int Total { get; init; }

    /// <summary>Whether no more answers are taken.</summary>
    public required bool Closed { get; init; }

    /// <summary>The item to answer; null where all are answered or the study is closed.</summary>
    public BlindCard? Card { get; init; }
}

/// <summary>An item without what it is.</summary>
/// <param name="Item">Its id.</param>
/// <param name="Explanation">What the feature was said to stand for, if the study shows it.</param>
/// <param name="Examples">Its texts.</param>
/// <param name="Chosen">Labels of the answer that was taken back, if there was one; null where there was none.</param>
public sealed record BlindCard(string Item, string? Explanation, ImmutableArray<BlindExample> Examples, ImmutableArray<string>? Chosen);
