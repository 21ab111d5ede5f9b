using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Interactions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>What a study needs of a model and its SAEs. Calls are synchronous, on whatever thread the <see cref="IStudyEngine"/> has for them.</summary>
public interface IStudyModel : IDirectionModel
{
    /// <summary>Layers that have an SAE, ascending.</summary>
    IReadOnlyList<int> SaeLayers { get; }

    /// <summary>Tokens through all blocks that take about a second on its device.</summary>
    int TokensAtOnce { get; }

    /// <summary>Whether the tokenizer marks a token as special.</summary>
    bool IsSpecial(int id);

    /// <summary>F of a layer.</summary>
    /// <exception cref="EngineException">The layer has no SAE.</exception>
    int FeatureCount(int layer);

    /// <summary>What reproduces its numbers.</summary>
    /// <param name="layers">Layers whose SAE is used.</param>
    StudyModelRecord Describe(IEnumerable<int> layers);

    /// <summary>Ids of a user's message under the chat template.</summary>
    /// <exception cref="EngineException">There is no tokenizer or no template.</exception>
    ImmutableArray<int> Encode(string instruction);

    /// <summary>The features of a layer with the largest cosine of their decoder row to a direction, best first.</summary>
    ImmutableArray<RankedFeature> RankByDecoder(int layer, ReadOnlySpan<float> direction, int keep);

    /// <summary>P("I") of a prompt under each ablation set.</summary>
    double[] Probabilities(IReadOnlyList<int> prompt, AblationBatch batch, CancellationToken cancellation);

    /// <summary>Greedy responses of all rows together.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing partial comes out.</exception>
    IReadOnlyList<StudyGenerated> Generate(IReadOnlyList<PromptRow> rows, int maxNewTokens, CancellationToken cancellation);

    /// <summary>For each prompt, for each of its last tokens, the features that are active on it.</summary>
    IReadOnlyList<IReadOnlyList<ActiveFeature>[]> ActiveFeatures(
        IReadOnlyList<ImmutableArray<int>> prompts, IReadOnlyList<int> layers, int lastTokens, CancellationToken cancellation);

    /// <summary>For each row the activations of features, [T] each, as the SAE finds them before the row's own edit of that layer.</summary>
    IReadOnlyList<IReadOnlyDictionary<FeatureId, float[]>> Activations(
        IReadOnlyList<PromptRow> rows, ImmutableArray<FeatureId> features, CancellationToken cancellation);
}

/// <summary>A response as generated.</summary>
/// <param name="Text">Without special tokens.</param>
/// <param name="Probability">P("I") at the prompt's last position under the row's edits.</param>
/// <param name="Tokens">New tokens.</param>
public sealed record StudyGenerated(string Text, double Probability, int Tokens);

/// <summary>What reproduces a model's numbers.</summary>
public sealed record StudyModelRecord
{
    /// <summary>Its name.</summary>
    public required string Model { get; init; }

    /// <summary>Names the weights.</summary>
    public required string Weights { get; init; }

    /// <summary>SAEs' fingerprints by layer.</summary>
    public ImmutableSortedDictionary<int, string> Saes { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>LlamaScope's gating rule, if it has such SAEs.</summary>
    public string? GatingRule { get; init; }

    /// <summary>Device.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Type.</summary>
    public string Dtype { get; init; } = "float32";

    /// <summary>Template in force.</summary>
    public string? Template { get; init; }

    /// <summary>Ids of P("I").</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>LibTorch's version.</summary>
    public string? Torch { get; init; }

    /// <summary>This program's version.</summary>
    public string AppVersion { get; init; } = "";
}

/// <summary>Runs pieces of a study, one at a time, letting other work in between.</summary>
public interface IStudyEngine
{
    /// <summary>Runs a piece where the model lives.</summary>
    /// <param name="what">Shown to those who wait.</param>
    /// <param name="work">The piece; it must be short, a few seconds at most.</param>
    /// <param name="cancellation">Takes it out of the queue, and is handed to it while it runs.</param>
    Task<T> RunAsync<T>(string what, Func<IStudyModel, CancellationToken, T> work, CancellationToken cancellation);
}
