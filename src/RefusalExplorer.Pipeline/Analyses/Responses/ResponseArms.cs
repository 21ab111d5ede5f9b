using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.Responses;

/// <summary>One way of running every prompt.</summary>
/// <param name="Name">Its name on charts.</param>
/// <param name="Role">Its colour.</param>
/// <param name="Edits">The edits of a prompt.</param>
internal sealed record ResponseArm(string Name, SeriesRole Role, Func<EncodedPrompt, IEnumerable<Intervention>> Edits);

/// <summary>Runs prompts through arms and judges what comes out.</summary>
internal static class ResponseArms
{
    public const string Baseline = "no ablation";
    public const string Features = "features ablated";
    public const string Direction = "direction ablated";
    public const string Random = "random features ablated";

    /// <summary>No ablation, the first set, and the direction.</summary>
    public static ImmutableArray<ResponseArm> Usual(AnalysisContext context) =>
    [
        new(Baseline, SeriesRole.Baseline, _ => []),
        new(Features, SeriesRole.Features, p => [context.Ablate(context.Set, p)]),
        new(Direction, SeriesRole.Direction, _ => [context.ProjectOut()]),
    ];

    /// <summary>As many random features of each layer (paper, "Comparison with random features"), drawn anew for each prompt.</summary>
    public static async Task<ResponseArm> RandomAsync(AnalysisContext context, IEnumerable<EncodedPrompt> prompts)
    {
        EncodedPrompt[] all = [.. prompts];
        InterventionSet[] drawn = await context.OnModelAsync((model, _) => all.Select(p => RandomControls.Imitate(
            model, InterventionSet.Of(context.Ablate(context.Set, p)), unchecked((int)context.Request.Seed + p.Index))).ToArray()).ConfigureAwait(false);
        Dictionary<EncodedPrompt, InterventionSet> byPrompt = all.Zip(drawn).ToDictionary(x => x.First, x => x.Second);
        return new ResponseArm(Random, SeriesRole.Control, p => byPrompt[p].Items);
    }

    /// <summary>Responses of every prompt in every arm, prompt by prompt.</summary>
    public static async Task<ImmutableArray<JudgedResponse>> RunAsync(
        AnalysisContext context, IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<ResponseArm> arms)
    {
        (EncodedPrompt Prompt, ResponseArm Arm)[] pairs = [.. prompts.SelectMany(p => arms.Select(a => (p, a)))];
        (string Text, double Probability)[] generated = await context.GenerateAsync(
            "Generating responses", [.. pairs.Select(p => p.Prompt.Row(p.Arm.Edits(p.Prompt)))],
            (model, _, r) => (r.Text, Probability.Mass(r.FirstLogits, model.RefusalTokens))).ConfigureAwait(false);
        JudgedResponse[] responses = [.. pairs.Zip(generated, (p, g) => new JudgedResponse
        {
            Arm = p.Arm.Name,
            Prompt = p.Prompt.Prompt.Key,
            Category = p.Prompt.Prompt.Category,
            DataSet = p.Prompt.DataSet,
            Harmful = p.Prompt.Harmful,
            Text = g.Text,
            RefusalProbability = g.Probability,
            Verdict = new Verdict(VerdictKind.Unclear, "none"),
        })];
        context.Progress.Report(new AnalysisProgress("Judging responses"));
        return await context.Judges.JudgeAsync(responses, [.. pairs.Select(p => p.Prompt.Prompt.Context)], context.Cancellation).ConfigureAwait(false);
    }
}
