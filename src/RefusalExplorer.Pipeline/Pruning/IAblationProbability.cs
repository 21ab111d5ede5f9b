using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>P(p, A) for many ablation sets A of one prompt: Pr("I" | p, model ablated on A) (paper, Stage 2).</summary>
public interface IAblationProbability
{
    /// <summary>Evaluates sets over a fixed pool of features.</summary>
    /// <param name="masks">One array for each set, as long as the pool: true where the feature is ablated.</param>
    /// <param name="done">Told the number of sets done.</param>
    /// <param name="cancellation">Stops between parts of the batch.</param>
    /// <returns>P(refusal tokens) at the prompt's last position, in the order of the sets.</returns>
    double[] Evaluate(IReadOnlyList<bool[]> masks, IProgress<int>? done = null, CancellationToken cancellation = default);
}

/// <summary>The engine's probability: all sets as one batch. For the engine's thread only.</summary>
/// <param name="model">The model.</param>
/// <param name="prompt">Token ids of the prompt.</param>
/// <param name="pool">The features that the masks are over.</param>
/// <param name="scope">Tokens on which they are ablated.</param>
public sealed class EngineAblationProbability(LanguageModel model, IReadOnlyList<int> prompt, IReadOnlyList<FeatureId> pool, TokenScope scope)
    : IAblationProbability
{
    /// <inheritdoc/>
    public double[] Evaluate(IReadOnlyList<bool[]> masks, IProgress<int>? done = null, CancellationToken cancellation = default) =>
        model.RefusalProbabilities(prompt, new AblationBatch(pool, masks, scope), done, cancellation);
}
