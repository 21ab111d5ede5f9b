using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>How strongly features fire on prompts.</summary>
internal static class SetActivity
{
    /// <summary>Largest activation over the tokens in scope, of each feature on each prompt: [prompt][feature].</summary>
    public static Task<double[][]> MaximaAsync(AnalysisContext context, string phase, IReadOnlyList<EncodedPrompt> prompts, ImmutableArray<FeatureId> features) =>
        context.ForwardAsync(phase, [.. prompts.Select(p => p.Row())], new CaptureSpec { Features = features },
            (model, i, r) => features.Select(f => context.MaxInScope(model, prompts[i], r.Features, f)).ToArray());
}
