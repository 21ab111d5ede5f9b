using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>One sentence on what a feature stands for.</summary>
public sealed record Explanation
{
    /// <summary>Neuronpedia's or our own model id (<c>gemma-2-2b</c>).</summary>
    public required string Model { get; init; }

    /// <summary>The SAE (<c>16-gemmascope-res-65k</c>).</summary>
    public required string Source { get; init; }

    /// <summary>The feature.</summary>
    public required FeatureId Feature { get; init; }

    /// <summary>The sentence.</summary>
    public required string Text { get; init; }

    /// <summary>Model that wrote it (<c>gpt-4o-mini</c>), or empty.</summary>
    public string Explainer { get; init; } = "";

    /// <summary>How it was made (<c>oai_token-act-pair</c>), or empty.</summary>
    public string Method { get; init; } = "";
}

/// <summary>Order of a search.</summary>
public enum ExplanationOrder
{
    /// <summary>Best match first (BM25).</summary>
    Relevance,

    /// <summary>By layer, then index.</summary>
    Feature,
}

/// <summary>A search over explanations.</summary>
public sealed record ExplanationQuery
{
    /// <summary>Words that all must occur, <c>"phrases"</c> in quotes, <c>-words</c> that must not, <c>begin*</c> for beginnings; null lists all.</summary>
    public string? Text { get; init; }

    /// <summary>Only this model.</summary>
    public string? Model { get; init; }

    /// <summary>Only this source.</summary>
    public string? Source { get; init; }

    /// <summary>Only these layers; empty for all.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>Order of the rows.</summary>
    public ExplanationOrder Order { get; init; }

    /// <summary>Rows to pass over.</summary>
    public int Skip { get; init; }

    /// <summary>Rows to return at most.</summary>
    public int Take { get; init; } = 50;
}

/// <summary>How many explanations of a source there are.</summary>
/// <param name="Model">Model id.</param>
/// <param name="Source">SAE.</param>
/// <param name="Layer">0-based layer.</param>
/// <param name="Count">Explanations.</param>
public sealed record ExplanationSource(string Model, string Source, int Layer, long Count);

/// <summary>Millions of explanations, searched by word and phrase. One of each feature, explainer and method: a later one replaces it.</summary>
public interface IExplanationStore
{
    /// <summary>Adds or replaces, in transactions of some thousand; how many were written.</summary>
    /// <param name="explanations">Read as they are written, never all at once.</param>
    /// <param name="written">Rows that are on disk so far.</param>
    /// <param name="cancellation">Stops between transactions; what was written stays.</param>
    Task<long> SaveAsync(IEnumerable<Explanation> explanations, IProgress<long>? written = null, CancellationToken cancellation = default);

    /// <summary>A feature's explanations.</summary>
    ImmutableArray<Explanation> ForFeature(string model, string source, int index);

    /// <summary>Explanations that match.</summary>
    /// <exception cref="StoreException">The text holds no word to search for.</exception>
    Page<Explanation> Search(ExplanationQuery query);

    /// <summary>The features with a matching explanation, for filters that combine it with other columns.</summary>
    ImmutableHashSet<FeatureId> MatchingFeatures(ExplanationQuery query);

    /// <summary>What is there.</summary>
    ImmutableArray<ExplanationSource> Sources();
}
