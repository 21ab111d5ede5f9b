using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Running;

namespace RefusalExplorer.Pipeline.Analyses.Redundancy;

/// <summary>A feature that was silent on a prompt and fires after others are ablated.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Position">Token of the prompt where it fires strongest; of the response only where it is silent on the whole prompt.</param>
/// <param name="Token">That token's text.</param>
/// <param name="Class">Where that token stands.</param>
/// <param name="Activation">Its activation there.</param>
/// <param name="Tokens">Tokens on which it fires, the response's too.</param>
internal sealed record Wake(FeatureId Feature, int Position, string Token, TokenClass Class, double Activation, int Tokens);

/// <summary>Finds dormant features and those that wake (paper, "Redundant Features").</summary>
internal static class Waking
{
    /// <summary>The features that are silent on every token that counts.</summary>
    public static IEnumerable<FeatureId> Dormant(IEnumerable<FeatureId> features, Func<FeatureId, float[]> activations, Func<int, bool> counts) =>
        features.Where(f => !activations(f).Where((a, t) => a > 0 && counts(t)).Any());

    /// <summary>
    /// Of dormant features those that fire in another run, each at its strongest token. The prompt goes first: it is the same text with and without
    /// the ablation, while the response may fire a feature harder for what it says.
    /// </summary>
    /// <param name="dormant">Features that were silent.</param>
    /// <param name="activations">Their activations in the other run, [T] each.</param>
    /// <param name="promptLength">Tokens of the prompt; the response comes after.</param>
    /// <param name="counts">Whether a position counts.</param>
    /// <param name="describe">Text and class of a position.</param>
    public static IEnumerable<Wake> Woken(
        IEnumerable<FeatureId> dormant, Func<FeatureId, float[]> activations, int promptLength, Func<int, bool> counts,
        Func<int, (string Text, TokenClass Class)> describe)
    {
        foreach (FeatureId feature in dormant)
        {
            float[] acts = activations(feature);
            int[] firing = [.. Enumerable.Range(0, acts.Length).Where(t => acts[t] > 0 && counts(t))];
            if (firing.Length == 0)
                continue;
            int[] onPrompt = [.. firing.Where(t => t < promptLength)];
            int strongest = (onPrompt.Length > 0 ? onPrompt : firing).MaxBy(t => acts[t]);
            (string text, TokenClass tokenClass) = describe(strongest);
            yield return new Wake(feature, strongest, text, tokenClass, acts[strongest], firing.Length);
        }
    }
}
