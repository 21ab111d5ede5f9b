using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>What one prompt showed.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Features">Features of its set.</param>
/// <param name="Without">P("I") without ablation.</param>
/// <param name="Own">P("I") with its set ablated.</param>
/// <param name="Flipped">P("I") with the sign of the edit flipped.</param>
/// <param name="Draws">P("I") of each draw, kind by kind.</param>
internal sealed record ControlledPrompt(EncodedPrompt Prompt, int Features, double Without, double Own, double Flipped, ImmutableArray<double> Draws);

/// <summary>Chart and tables of <see cref="ControlsAnalysis"/>.</summary>
internal static class ControlsTables
{
    /// <summary>Describes what was measured.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="plan">Kinds in the order of the draws.</param>
    /// <param name="prompts">The prompts of the plan.</param>
    /// <param name="shared">Features of each draw where all prompts share it; empty where each prompt has draws of its own.</param>
    public static AnalysisOutput Describe(
        string name, ControlPlan plan, IReadOnlyList<ControlledPrompt> prompts, IReadOnlyList<ImmutableArray<FeatureId>> shared)
    {
        int each = prompts[0].Draws.Length / plan.Kinds.Length;
        double baseline = prompts.Average(p => p.Without), own = prompts.Average(p => p.Own), flipped = prompts.Average(p => p.Flipped);
        int ownFlips = prompts.Count(p => Flips(p.Without, p.Own));
        Draw[] draws = [.. Enumerable.Range(0, prompts[0].Draws.Length).Select(d => new Draw(
            plan.Kinds[d / each], prompts.Average(p => p.Draws[d]), prompts.Count(p => Flips(p.Without, p.Draws[d])),
            shared.Count > 0 ? string.Join(' ', shared[d]) : Cell.Empty))];
        Kind[] kinds = [.. draws.GroupBy(d => d.Kind).Select(g => new Kind(
            Word(g.Key), [.. g.Select(d => d.Probability)], g.Average(d => d.Flips), RankTest.Against(own, [.. g.Select(d => d.Probability)], Tail.Lower)))];
        return new AnalysisOutput
        {
            Findings =
            [
                FormattableString.Invariant($"Mean P(\"I\") is {baseline:0.###} without ablation, {own:0.###} with {name} ablated, and {flipped:0.###} with the sign of the edit flipped (activations doubled)."),
                .. kinds.Select(k => FormattableString.Invariant($"{k.Name}: {k.Values.Min():0.###} to {k.Values.Max():0.###} over {k.Values.Length} draws, p = {k.Test.PValue:0.####}.")),
                FormattableString.Invariant($"Flips (P(\"I\") falls from above one half to it or below): {ownFlips} of {prompts.Count(p => Refuses(p.Without))} prompts with {name} ablated; with a draw, on average {string.Join(", ", kinds.Select(k => FormattableString.Invariant($"{k.Flips:0.#} ({k.Name})")))}."),
                .. plan.Notes,
            ],
            Charts = [new DistributionChart
            {
                Id = "draws",
                Title = "Mean P(\"I\") on harmful prompts, random sets and the set itself",
                XTitle = "mean P(\"I\")",
                Groups = [.. kinds.Select(k => new Distribution { Name = k.Name, Draws = k.Values, Note = FormattableString.Invariant($"p = {k.Test.PValue:0.####}") })],
                Value = own,
                ValueName = name,
                Reference = baseline,
                ReferenceName = "no ablation",
            }],
            Tables =
            [
                AnalysisTable.Of("controls", "Random sets by kind",
                    [
                        new("control", ColumnKind.Text), new("draws", ColumnKind.Count), new("mean"), new("sd"), new("least"), new("largest"), new("set's own value"), new("p"),
                        new("flips, mean"), new("set's own flips", ColumnKind.Count),
                    ],
                    [
                        .. kinds.Select(k => (IEnumerable<Cell>)
                            [k.Name, k.Values.Length, k.Values.Average(), Moments.Deviation(k.Values), k.Values.Min(), k.Values.Max(), own, k.Test.PValue, k.Flips, ownFlips]),
                        ["sign flipped", 1, flipped, Cell.Empty, flipped, flipped, own, Cell.Empty, prompts.Count(p => Flips(p.Without, p.Flipped)), ownFlips],
                        ["no ablation", 1, baseline, Cell.Empty, baseline, baseline, own, Cell.Empty, 0, ownFlips],
                    ]),
                AnalysisTable.Of("draws", "Every draw",
                    [new("control", ColumnKind.Text), new("mean P(\"I\")"), new("features", ColumnKind.Feature), new("flips", ColumnKind.Count)],
                    draws.Select(d => (IEnumerable<Cell>)[Word(d.Kind), d.Probability, d.Features, d.Flips])),
                ByPrompt(prompts, kinds, each),
            ],
        };
    }

    /// <summary>A kind as pages write it.</summary>
    public static string Word(ControlKind kind) => kind switch
    {
        ControlKind.Active => "random, active on the prompts",
        ControlKind.MatchedActivity => "matched activity",
        ControlKind.MatchedNorm => "matched norm",
        _ => "random",
    };

    private static AnalysisTable ByPrompt(IReadOnlyList<ControlledPrompt> prompts, Kind[] kinds, int each) =>
        AnalysisTable.Of("by-prompt", "By prompt",
            [
                new("prompt", ColumnKind.Sensitive), new("features", ColumnKind.Count), new("P(\"I\"), no ablation"), new("P(\"I\"), own set"),
                .. kinds.Select(k => new TableColumn($"mean P(\"I\"), {k.Name}")),
            ],
            prompts.Select(p => (IEnumerable<Cell>)
                [p.Prompt.Prompt.Key, p.Features, p.Without, p.Own, .. kinds.Select((_, k) => (Cell)p.Draws.AsSpan(k * each, each).ToArray().Average())]));

    /// <summary>The refusal score's line, log-odds 0: cheap, and what the refusal direction is chosen by, but no verdict on a response.</summary>
    private static bool Refuses(double probability) => RefusalScore.Judge(probability).Kind == VerdictKind.Refused;

    private static bool Flips(double without, double with) => Refuses(without) && !Refuses(with);

    private readonly record struct Draw(ControlKind Kind, double Probability, int Flips, Cell Features);

    private sealed record Kind(string Name, ImmutableArray<double> Values, double Flips, RankTestResult Test);
}
