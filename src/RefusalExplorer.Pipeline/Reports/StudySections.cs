using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Reports;

/// <summary>A study as charts and tables of a report.</summary>
internal static class StudySections
{
    public static ImmutableArray<AnalysisChart> Charts(StudyResult study)
    {
        List<AnalysisChart> charts = [];
        if (study.Rates.Length > 0)
        {
            charts.Add(new BarChart
            {
                Id = "rates",
                Title = "Attack success by what is ablated",
                YTitle = "share answered",
                Shares = true,
                Categories = [.. study.Rates.Select(r => Word(r.Arm))],
                Series = [new BarSeries
                {
                    Name = "attack success",
                    Role = SeriesRole.Features,
                    Values = [.. study.Rates.Select(r => r.Interval.Estimate)],
                    Low = [.. study.Rates.Select(r => r.Interval.Low)],
                    High = [.. study.Rates.Select(r => r.Interval.High)],
                }],
            });
        }
        PromptRowResult[] minimal = [.. study.Prompts.Where(p => !p.Minimal.IsEmpty)];
        if (minimal.Length > 0)
        {
            int[] layers = [.. minimal.SelectMany(p => p.Minimal).Select(f => f.Layer).Distinct().Order()];
            charts.Add(new BarChart
            {
                Id = "layers",
                Title = "Features of minimal sets by layer",
                YTitle = "features a prompt, mean",
                Categories = [.. layers.Select(l => $"L{l}")],
                Series = [new BarSeries { Name = "minimal sets", Role = SeriesRole.Features, Values = [.. layers.Select(l => minimal.Average(p => p.Minimal.Count(f => f.Layer == l)))] }],
            });
        }
        return [.. charts];
    }

    public static IEnumerable<AnalysisTable> Tables(StudyResult study, ImmutableArray<PromptResult> prompts)
    {
        StudyFunnel f = study.Funnel;
        yield return AnalysisTable.Of("funnel", "From prompts to minimal sets", [new("step", ColumnKind.Text), new("value")],
        [
            ["prompts", f.Prompts], ["refused", f.Refused], ["flipped by candidates", f.Flipped], ["with a minimal set", f.Minimal],
            ["candidate features, median", f.CandidateFeatures], ["kept at the lowest threshold, median", f.PrunedFeatures],
            ["minimal features, median", f.MinimalFeatures], ["proven needed, median", f.NeededFeatures], ["distinct features of all minimal sets", f.UniqueFeatures],
        ]);
        yield return AnalysisTable.Of("rates", "Attack success (paper, Tables 1 and 2)",
            [new("ablated", ColumnKind.Text), new("answered", ColumnKind.Count), new("of", ColumnKind.Count), new("attack success", ColumnKind.Share), new("low", ColumnKind.Share), new("high", ColumnKind.Share), new("degenerate", ColumnKind.Count), new("mean P(\"I\")")],
            study.Rates.Select(r => (IEnumerable<Cell>)[Word(r.Arm), r.Complied, r.Runs, r.Interval.Estimate, r.Interval.Low, r.Interval.High, r.Degenerate, r.MeanProbability]));
        Dictionary<int, string> texts = prompts.ToDictionary(p => p.Index, p => p.Instruction);
        yield return AnalysisTable.Of("prompts", "By prompt",
            [
                new("#", ColumnKind.Count), new("prompt", ColumnKind.Sensitive), new("category", ColumnKind.Text), new("outcome", ColumnKind.Text), new("P(\"I\")"), new("without the direction"),
                new("K", ColumnKind.Count), new("minimal set", ColumnKind.Feature), new("after"), new("random sets answered", ColumnKind.Text),
            ],
            study.Prompts.Select(p => (IEnumerable<Cell>)
            [
                p.Index + 1, texts.GetValueOrDefault(p.Index), p.Category, Word(p.Outcome), p.Before, p.Directional, p.K is { } k ? k : Cell.Empty,
                string.Join(' ', p.Minimal), p.After, $"{p.Controls.Complied} of {p.Controls.Runs}",
            ]));
        yield return AnalysisTable.Of("features", "Features of minimal sets",
            [new("feature", ColumnKind.Feature), new("prompts", ColumnKind.Count), new("cosine"), new("silent on", ColumnKind.Count), new("largest activation")],
            study.Features.Select(x => (IEnumerable<Cell>)[x.Feature.ToString(), x.Prompts, x.Cosine, x.Silent, x.MaxActivation]));
        if (study.Interactions is { } third)
        {
            yield return AnalysisTable.Of("machine", "Factorization machine and linear probe",
                [new("model", ColumnKind.Text), new("features", ColumnKind.Count), new("test accuracy", ColumnKind.Share), new("test AUC"), new("best epoch", ColumnKind.Count)],
                new[] { ("factorization machine", third.Machine), ("linear probe", third.Probe?.Machine) }.Where(m => m.Item2 is not null).Select(m => (IEnumerable<Cell>)
                    [m.Item1, m.Item2!.Features, m.Item2.Test.Accuracy, m.Item2.Test.Auc, m.Item2.BestEpoch]));
        }
        if (study.Interactions?.Probe is { } probe)
        {
            yield return AnalysisTable.Of("probe", "Prompts that the probe's top features flip", [new("K", ColumnKind.Count), new("flipped", ColumnKind.Count), new("of", ColumnKind.Count), new("mean P(\"I\")")],
                probe.Points.Select(p => (IEnumerable<Cell>)[p.K, p.Flipped, probe.Prompts, p.MeanProbability]));
        }
    }

    private static string Word(PromptOutcome outcome) => outcome switch
    {
        PromptOutcome.NotRefused => "not refused",
        PromptOutcome.NotFlipped => "not flipped",
        PromptOutcome.Minimal => "minimal set",
        _ => outcome.ToString().ToLowerInvariant(),
    };

    private static string Word(StudyArm arm) => arm switch
    {
        StudyArm.Baseline => "nothing",
        StudyArm.Directional => "direction",
        StudyArm.RandomControl => "random sets",
        StudyArm.Exact => "proven sets",
        StudyArm.ActiveMinimal => "active minimal",
        StudyArm.Interactions => "stage 3",
        StudyArm.InteractionsAlone => "stage 3 alone",
        _ => arm.ToString().ToLowerInvariant(),
    };
}
