using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>What the Explore page needs to know before anything runs.</summary>
public interface IExploreCatalog
{
    /// <summary>Configured models, the default first.</summary>
    IReadOnlyList<ModelChoice> Models { get; }

    /// <summary>Prompts to pick from.</summary>
    IReadOnlyList<PromptSet> PromptSets { get; }

    /// <summary>The prompt as the model will see it.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="EngineException">The model is unknown, or its template refuses the conversation.</exception>
    Task<PromptPreview> PreviewAsync(string model, PromptSource prompt, CancellationToken cancellation = default);

    /// <summary>The features of each layer whose decoder row has the largest cosine with the refusal direction, layer by layer, best first.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="topK">Features a layer.</param>
    /// <param name="layers">Only these layers, or null for each layer that has an SAE.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="EngineException">The model is unknown, or a layer has no SAE.</exception>
    Task<IReadOnlyList<SuggestedFeature>> SuggestAsync(
        string model, int topK, IReadOnlyList<int>? layers = null, CancellationToken cancellation = default);

    /// <summary>The same facts about features that the user named, in the order given.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="features">Features to look up.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="EngineException">A layer has no SAE or an index is outside its dictionary; the message names the feature and the range.</exception>
    Task<IReadOnlyList<SuggestedFeature>> DescribeAsync(
        string model, IReadOnlyList<FeatureId> features, CancellationToken cancellation = default);
}

/// <summary>A configured model as a page shows it.</summary>
public sealed record ModelChoice
{
    /// <summary>Its name in requests.</summary>
    public required string Name { get; init; }

    /// <summary>One line that says what it is.</summary>
    public string Description { get; init; } = "";

    /// <summary>Blocks L.</summary>
    public required int LayerCount { get; init; }

    /// <summary>0-based layers with an SAE, ascending.</summary>
    public ImmutableArray<int> SaeLayers { get; init; } = [];

    /// <summary>What is missing (weights, SAEs), one line; null where it can run.</summary>
    public string? Missing { get; init; }

    /// <summary>Checkpoint as a script would name it: a hub repository, or a file name.</summary>
    public string Checkpoint { get; init; } = "";

    /// <summary>The SAE that Neuronpedia explains, by layer; empty where the model is not there.</summary>
    public ImmutableSortedDictionary<int, ExplainedSae> Explained { get; init; } = ImmutableSortedDictionary<int, ExplainedSae>.Empty;
}

/// <summary>A set of prompts.</summary>
/// <param name="Name">Unique name (<c>harmful_test</c>).</param>
/// <param name="Harmful">Whether pages blur its items.</param>
/// <param name="Items">The prompts.</param>
public sealed record PromptSet(string Name, bool Harmful, ImmutableArray<PromptItem> Items);

/// <summary>A prompt of a set.</summary>
/// <param name="Instruction">The user's message.</param>
/// <param name="Category">Its topic, or null.</param>
public sealed record PromptItem(string Instruction, string? Category = null);

/// <summary>A prompt as the model will see it.</summary>
/// <param name="Text">Text after the template, special tokens written out.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Template">Name of the template used, or null.</param>
public sealed record PromptPreview(string Text, ImmutableArray<TokenView> Tokens, string? Template = null);

/// <summary>A feature with what is known of it.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Cosine">Cosine of its decoder row with the refusal direction.</param>
/// <param name="MaxActivation">Largest activation over the corpus that its statistics come from, or null.</param>
/// <param name="Density">Fraction of tokens on which it is not zero, or null.</param>
public sealed record SuggestedFeature(FeatureId Feature, double Cosine, double? MaxActivation = null, double? Density = null);
