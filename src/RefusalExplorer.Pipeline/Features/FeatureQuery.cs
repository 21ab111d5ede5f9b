using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>A search as people put it: what a page's address and an annotation queue hold.</summary>
public sealed record FeatureQuery
{
    /// <summary>A configured model's name.</summary>
    public string Model { get; init; } = Catalog.DemoModel.Name;

    /// <summary>Id of the direction that cosines are to; null: the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>Only these layers; empty for all.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>Bounds of the cosine to the direction.</summary>
    public Bounds Cosine { get; init; }

    /// <summary>Bounds of the density, a share of tokens.</summary>
    public Bounds Density { get; init; }

    /// <summary>Words and "phrases" of explanations; empty for any.</summary>
    public string Text { get; init; } = "";

    /// <summary>A label that somebody gave; empty for any.</summary>
    public string Label { get; init; } = "";

    /// <summary>Who annotated it; <see cref="Anybody"/> for whoever, <see cref="Nobody"/> for features that nobody annotated, empty for all.</summary>
    public string Annotator { get; init; } = "";

    /// <summary>Id of a study that it occurs in; empty for any.</summary>
    public string Study { get; init; } = "";

    /// <summary>Order of the rows.</summary>
    public FeatureOrder Order { get; init; } = FeatureOrder.Cosine;

    /// <summary>The largest first.</summary>
    public bool Descending { get; init; } = true;

    /// <summary>Value of <see cref="Annotator"/> for annotated features.</summary>
    public const string Anybody = "*";

    /// <summary>Value of <see cref="Annotator"/> for features without an annotation.</summary>
    public const string Nobody = "-";

    /// <summary>How many conditions there are.</summary>
    public int Conditions => new[]
    {
        !Layers.IsEmpty, !Cosine.IsOpen, !Density.IsOpen, Text.Length > 0, Label.Length > 0, Annotator.Length > 0, Study.Length > 0,
    }.Count(c => c);

    /// <inheritdoc/>
    public bool Equals(FeatureQuery? other) =>
        other is not null && Model == other.Model && Direction == other.Direction && Layers.SequenceEqual(other.Layers) && Cosine == other.Cosine &&
        Density == other.Density && Text == other.Text && Label == other.Label && Annotator == other.Annotator && Study == other.Study &&
        Order == other.Order && Descending == other.Descending;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Model, Layers.Length, Cosine, Density, Text, Label, Study, Order);
}
