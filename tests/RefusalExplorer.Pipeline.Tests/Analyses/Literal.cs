using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>The slow way: one prompt at a time, whole dictionaries, every logit, no cache, plain loops.</summary>
internal sealed class Literal(LanguageModel model)
{
    public LanguageModel Model => model;

    public ImmutableArray<int> Ids(AnalysisPrompt prompt) => Ids(prompt.Instruction);

    public ImmutableArray<int> Ids(string instruction) => PromptEncoder.Encode(model, PromptSource.User(instruction)).Ids;

    public ForwardResult Run(ImmutableArray<int> ids, params Intervention[] edits) =>
        model.Forward([new PromptRow(ids, InterventionSet.Of(edits))], new CaptureSpec { AllLogits = true, Residuals = true })[0];

    /// <summary>Natural logarithms of the next token's probabilities at a position.</summary>
    public double[] LogProbabilities(ImmutableArray<int> ids, int position, params Intervention[] edits)
    {
        float[] all = Run(ids, edits).AllLogits!;
        double[] logits = [.. all.Skip(position * TinyChat.Vocabulary).Take(TinyChat.Vocabulary).Select(l => (double)l)];
        double total = logits.Sum(Math.Exp);
        return [.. logits.Select(l => l - Math.Log(total))];
    }

    /// <summary>P("I") after the prompt. "I" is byte 73.</summary>
    public double P(ImmutableArray<int> ids, params Intervention[] edits) => Math.Exp(LogProbabilities(ids, ids.Length - 1, edits)[73]);

    /// <summary>Σ p (log p − log q) of the next token after the prompt.</summary>
    public double Kl(ImmutableArray<int> ids, params Intervention[] edits)
    {
        double[] p = LogProbabilities(ids, ids.Length - 1), q = LogProbabilities(ids, ids.Length - 1, edits);
        return p.Zip(q, (a, b) => Math.Exp(a) * (a - b)).Sum();
    }

    /// <summary>Activation of a feature at every token, under edits.</summary>
    public double[] Acts(ImmutableArray<int> ids, FeatureId feature, params Intervention[] edits)
    {
        float[] z_TF = model.Activations(new PromptRow(ids, InterventionSet.Of(edits)), feature.Layer);
        return [.. Enumerable.Range(0, ids.Length).Select(t => (double)z_TF[(t * TinyChat.Features) + feature.Index])];
    }

    /// <summary>Its largest activation after the first token.</summary>
    public double Max(ImmutableArray<int> ids, FeatureId feature, params Intervention[] edits) => Acts(ids, feature, edits).Skip(1).Max();

    /// <summary>Greedy continuation, the whole sequence anew for each token.</summary>
    public ImmutableArray<int> Continue(ImmutableArray<int> ids, int tokens, params Intervention[] edits)
    {
        ImmutableArray<int> all = ids;
        for (int n = 0; n < tokens; n++)
        {
            double[] next = LogProbabilities(all, all.Length - 1, edits);
            int id = Array.IndexOf(next, next.Max());
            all = all.Add(id);
            if (id == 258)
                break;
        }
        return all[ids.Length..];
    }

    public static Intervention Ablate(params IEnumerable<FeatureId> features) => Intervention.Ablate(features, TokenScope.AllButFirst);
}
