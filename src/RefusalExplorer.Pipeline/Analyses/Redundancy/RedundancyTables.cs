using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Redundancy;

/// <summary>Charts and tables of <see cref="RedundancyAnalysis"/>.</summary>
internal static class RedundancyTables
{
    public static AnalysisOutput Describe(
        string name, IReadOnlyList<PromptRedundancy> prompts, IReadOnlyList<ImmutableArray<HydraRound>> hydras, TokenClasses places,
        FeatureStatistics statistics, bool countsFirst)
    {
        TokenClass[] classes = Enum.GetValues<TokenClass>();
        Wake[] wakes = [.. prompts.SelectMany(p => p.Woken)];
        int[] layers = [.. prompts.SelectMany(p => p.Dormant).Select(f => f.Layer).Distinct().Order()];
        List<AnalysisChart> charts = [Map("wakes", "Dormant features of the set that woke", [.. wakes.Select(w => (w.Feature.Layer, w.Class))], layers, classes), ArmsChart(prompts)];
        if (hydras.Count > 0)
        {
            (int Layer, TokenClass Class)[] heads = [.. hydras.SelectMany((h, p) => h[0].Heads.Select(x => (x.Feature.Layer, places.At(x.Position, prompts[p].Prompt.Ids.Length))))];
            charts.Insert(0, Map("heads", "Strongest heads that grew after the set, over all dictionaries", heads, [.. heads.Select(h => h.Layer).Distinct().Order()], classes[..^1]));
            charts.Add(HydraChart(hydras));
        }
        return new AnalysisOutput
        {
            Responses = [.. prompts.SelectMany(p => p.Arms)],
            Findings = [.. Findings(name, prompts, wakes, hydras, countsFirst)],
            Charts = [.. charts],
            Tables =
            [
                Features(prompts, statistics), Places(wakes, classes), .. hydras.Count == 0 ? (AnalysisTable[])[] : [Rounds(hydras), Grown(hydras)], Prompts(prompts), Wakes(prompts),
                .. hydras.Count == 0 ? (AnalysisTable[])[] : [Growth(prompts, hydras, places)],
            ],
        };
    }

    private static HeatMapChart Map(string id, string title, IReadOnlyCollection<(int Layer, TokenClass Class)> found, int[] layers, TokenClass[] classes) => new()
    {
        Id = id,
        Title = title,
        XTitle = "token where it fires strongest",
        YTitle = "layer",
        Columns = [.. classes.Select(TokenClasses.Word)],
        Rows = [.. layers.Select(l => $"L{l}")],
        Values = [.. layers.Select(l => classes.Select(c => (double)found.Count(f => f == (l, c))).ToImmutableArray())],
    };

    private static IEnumerable<string> Findings(
        string name, IReadOnlyList<PromptRedundancy> prompts, Wake[] wakes, IReadOnlyList<ImmutableArray<HydraRound>> hydras, bool countsFirst)
    {
        int dormant = prompts.Sum(p => p.Dormant.Length), all = prompts.Sum(p => p.Features);
        FeatureId[] never = [.. prompts.SelectMany(p => p.Dormant).GroupBy(f => f).Where(g => g.Count() == prompts.Count).Select(g => g.Key)];
        yield return FormattableString.Invariant(
            $"Of {name}, {(all == 0 ? 0 : (double)dormant / all):P0} of features are silent on a prompt on average; {never.Length} are silent on all {prompts.Count} prompts.");
        if (dormant > 0)
        {
            Wake[] onPrompt = [.. prompts.SelectMany(p => p.WokenOnPrompt)];
            yield return onPrompt.Length == 0
                ? $"None of the silent ones wakes on the prompt when the active ones are ablated; {wakes.Length} fire only in the new response, for what it says."
                : FormattableString.Invariant(
                    $"{(double)onPrompt.Length / dormant:P0} of the silent ones wake on the prompt when the active ones are ablated, {Share(onPrompt.Count(w => w.Class == TokenClass.First), onPrompt.Length):P0} of them at the first token and {Share(onPrompt.Count(w => w.Class is TokenClass.TemplateBefore or TokenClass.TemplateAfter), onPrompt.Length):P0} on template tokens; {wakes.Length - onPrompt.Length} more fire only in the new response, for what it says.");
        }
        if (!countsFirst)
        {
            yield return "The first token is outside the scope, where nothing is edited, so nothing can wake there; scope \"all\" counts it, as the paper does.";
        }
        yield return FormattableString.Invariant(
            $"Mean P(\"I\"): {Mean(prompts, 0):0.###} without ablation, {Mean(prompts, 1):0.###} with all, {Mean(prompts, 2):0.###} with the active ones alone, {Mean(prompts, 3):0.###} with the dormant ones alone.");
        yield return $"On {prompts.Count(p => p.DormantMatter)} of {prompts.Count} prompts the jailbreak is lost when the dormant features are left alone.";
        if (hydras.Count > 0)
        {
            int last = hydras[0].Length - 1;
            yield return FormattableString.Invariant(
                $"Over {last} rounds of ablating what grew back, mean P(\"I\") goes from {hydras.Average(h => h[0].Probability):0.###} to {hydras.Average(h => h[last].Probability):0.###}; a mean of {hydras.Average(h => h[0].Grown):0} features grow after the set alone.");
        }
    }

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;

    private static double Mean(IReadOnlyList<PromptRedundancy> prompts, int arm) => prompts.Average(p => p.Arms[arm].RefusalProbability);

    private static BarChart ArmsChart(IReadOnlyList<PromptRedundancy> prompts)
    {
        ConfidenceInterval[] means = [.. Enumerable.Range(0, 4).Select(a => Moments.MeanInterval([.. prompts.Select(p => p.Arms[a].RefusalProbability)], 0))];
        return new BarChart
        {
            Id = "arms",
            Title = "Mean P(\"I\") by what is ablated",
            YTitle = "mean P(\"I\")",
            Categories = [.. prompts[0].Arms.Select(a => a.Arm)],
            Shares = true,
            Series = [new BarSeries { Name = "P(\"I\")", Role = SeriesRole.Features, Values = [.. means.Select(m => m.Estimate)], Low = [.. means.Select(m => m.Low)], High = [.. means.Select(m => m.High)] }],
        };
    }

    private static LineChart HydraChart(IReadOnlyList<ImmutableArray<HydraRound>> hydras)
    {
        int rounds = hydras[0].Length;
        ConfidenceInterval[] means = [.. Enumerable.Range(0, rounds).Select(r => Moments.MeanInterval([.. hydras.Select(h => h[r].Probability)], 0))];
        return new LineChart
        {
            Id = "hydra",
            Title = "Mean P(\"I\") round by round",
            XTitle = "rounds of ablating what grew back",
            YTitle = "mean P(\"I\")",
            YMin = 0,
            Series = [new LineSeries
            {
                Name = "everything so far ablated",
                Role = SeriesRole.Features,
                X = [.. Enumerable.Range(0, rounds).Select(r => (double)r)],
                Y = [.. means.Select(m => m.Estimate)],
                Low = [.. means.Select(m => m.Low)],
                High = [.. means.Select(m => m.High)],
            }],
        };
    }

    private static AnalysisTable Features(IReadOnlyList<PromptRedundancy> prompts, FeatureStatistics statistics) =>
        AnalysisTable.Of("features", "Dormant features",
            [
                new("feature", ColumnKind.Feature), new("silent on prompts", ColumnKind.Count), new("woke on prompts", ColumnKind.Count), new("fired in responses only", ColumnKind.Count), new("largest activation"), new("share of its known maximum", ColumnKind.Share),
                new("most often at", ColumnKind.Text), new("strongest at token", ColumnKind.Sensitive),
            ],
            prompts.SelectMany(p => p.Dormant).GroupBy(f => f).Select(g =>
            {
                Wake[] woken = [.. prompts.SelectMany(p => p.Woken).Where(w => w.Feature == g.Key)];
                Wake? strongest = woken.MaxBy(w => w.Activation);
                string? place = woken.GroupBy(w => w.Class).OrderByDescending(c => c.Count()).Select(c => TokenClasses.Word(c.Key)).FirstOrDefault();
                return (Feature: g.Key, Dormant: g.Count(), Woken: woken.Count(w => w.Class != TokenClass.Generated), Later: woken.Count(w => w.Class == TokenClass.Generated), Strongest: strongest, Place: place);
            }).OrderByDescending(f => f.Woken).ThenByDescending(f => f.Dormant).ThenBy(f => f.Feature).Select(f => (IEnumerable<Cell>)
                [f.Feature.ToString(), f.Dormant, f.Woken, f.Later, f.Strongest?.Activation, f.Strongest?.Activation / statistics.MaxActivation(f.Feature), f.Place, f.Strongest?.Token]));

    private static AnalysisTable Places(Wake[] wakes, TokenClass[] classes) =>
        AnalysisTable.Of("places", "Where they wake",
            [new("token", ColumnKind.Text), new("wakes", ColumnKind.Count), new("share", ColumnKind.Share), new("mean activation")],
            classes.Select(c => wakes.Where(w => w.Class == c).ToArray()).Select((w, i) => (IEnumerable<Cell>)
                [TokenClasses.Word(classes[i]), w.Length, wakes.Length == 0 ? Cell.Empty : Share(w.Length, wakes.Length), Moments.Mean(w.Select(x => x.Activation))]));

    private static AnalysisTable Rounds(IReadOnlyList<ImmutableArray<HydraRound>> hydras) =>
        AnalysisTable.Of("rounds", "Round by round",
            [new("round", ColumnKind.Count), new("mean P(\"I\")"), new("features grown, mean"), new("mean push of the heads")],
            Enumerable.Range(0, hydras[0].Length).Select(r => (IEnumerable<Cell>)
                [r, hydras.Average(h => h[r].Probability), hydras.Average(h => h[r].Grown), Moments.Mean(hydras.SelectMany(h => h[r].Heads).Select(x => x.Push))]));

    private static AnalysisTable Grown(IReadOnlyList<ImmutableArray<HydraRound>> hydras) =>
        AnalysisTable.Of("heads", "Heads that grew, over all dictionaries",
            [new("feature", ColumnKind.Feature), new("grew on prompts", ColumnKind.Count), new("first in round, mean"), new("mean push towards refusal")],
            hydras.SelectMany((h, p) => h.SelectMany(r => r.Heads.Select(x => (x.Feature, x.Push, r.Round, Prompt: p)))).GroupBy(x => x.Feature)
                .OrderByDescending(g => g.Select(x => x.Prompt).Distinct().Count()).ThenByDescending(g => g.Average(x => x.Push)).ThenBy(g => g.Key).Take(200)
                .Select(g => (IEnumerable<Cell>)[g.Key.ToString(), g.Select(x => x.Prompt).Distinct().Count(), g.Average(x => x.Round), g.Average(x => x.Push)]));

    private static AnalysisTable Prompts(IReadOnlyList<PromptRedundancy> prompts) =>
        AnalysisTable.Of("prompts", "By prompt",
            [
                new("prompt", ColumnKind.Sensitive), new("features", ColumnKind.Count), new("dormant", ColumnKind.Count), new("woke", ColumnKind.Count),
                .. prompts[0].Arms.SelectMany(a => (TableColumn[])[new($"P(\"I\"), {a.Arm}"), new($"verdict, {a.Arm}", ColumnKind.Text)]),
            ],
            prompts.Select(p => (IEnumerable<Cell>)
            [
                p.Prompt.Prompt.Key, p.Features, p.Dormant.Length, p.WokenOnPrompt.Count(),
                .. p.Arms.SelectMany(a => (Cell[])[a.RefusalProbability, Rates.Word(a.Verdict.Kind)]),
            ]));

    private static AnalysisTable Wakes(IReadOnlyList<PromptRedundancy> prompts) =>
        AnalysisTable.Of("wakes", "Every waking of a dormant feature of the set",
            [
                new("prompt", ColumnKind.Count), new("feature", ColumnKind.Feature), new("layer", ColumnKind.Count), new("position", ColumnKind.Count),
                new("token", ColumnKind.Sensitive), new("place", ColumnKind.Text), new("activation"), new("tokens", ColumnKind.Count),
            ],
            prompts.SelectMany((p, i) => p.Woken.Select(w => (IEnumerable<Cell>)
                [i + 1, w.Feature.ToString(), w.Feature.Layer, w.Position, w.Token, TokenClasses.Word(w.Class), w.Activation, w.Tokens])));

    private static AnalysisTable Growth(IReadOnlyList<PromptRedundancy> prompts, IReadOnlyList<ImmutableArray<HydraRound>> hydras, TokenClasses places) =>
        AnalysisTable.Of("growth", "Every head, round by round",
            [
                new("prompt", ColumnKind.Count), new("round", ColumnKind.Count), new("P(\"I\")"), new("feature", ColumnKind.Feature), new("layer", ColumnKind.Count),
                new("position", ColumnKind.Count), new("place", ColumnKind.Text), new("push"),
            ],
            from i in Enumerable.Range(0, hydras.Count)
            from round in hydras[i]
            from head in round.Heads
            select (IEnumerable<Cell>)
            [
                i + 1, round.Round, round.Probability, head.Feature.ToString(), head.Feature.Layer, head.Position,
                TokenClasses.Word(places.At(head.Position, prompts[i].Prompt.Ids.Length)), head.Push,
            ]);
}
