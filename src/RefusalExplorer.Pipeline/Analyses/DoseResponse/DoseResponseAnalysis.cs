using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.DoseResponse;

/// <summary>What the dose does.</summary>
public enum DoseKind
{
    /// <summary>z → dose · z; 0 ablates, 1 changes nothing.</summary>
    Scale,

    /// <summary>z → dose × the feature's largest known activation.</summary>
    ClampToMaximum,

    /// <summary>z → dose.</summary>
    Clamp,
}

/// <summary>Settings of <see cref="DoseResponseAnalysis"/>.</summary>
public sealed record DoseResponseSettings
{
    /// <summary>What the dose does.</summary>
    [Display(Name = "Operation", Description = "Scale: dose times the activation; clamp to maximum: dose times the feature's largest known activation; clamp: the dose itself")]
    public DoseKind Operation { get; init; }

    /// <summary>The doses.</summary>
    [MinLength(1, ErrorMessage = "doses: expected at least one")]
    [Display(Name = "Doses", Description = "All of them run as one batch beside the unedited prompt")]
    public ImmutableArray<double> Doses { get; init; } = [0, 0.25, 0.5, 1, 1.5, 2, 3, 4];
}

/// <summary>One slider's whole range: P("I"), KL, repetition and verdict at every dose.</summary>
public sealed class DoseResponseAnalysis : Analysis<DoseResponseSettings>
{
    private static readonly RepetitionDetector Repetition = new();

    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "dose-response",
        Title = "Dose and response",
        Question = "At which strength does refusal go, and at which does the model break?",
        Paper = "\"Redundant Features\" (clamping at rising values), as a curve",
        HowToRead = "A useful dose lowers P(\"I\") on harmful prompts while KL and repetition stay low; where repetition jumps, the edit breaks the model rather than its refusal.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Harmless,
        DefaultPrompts = 4,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, DoseResponseSettings settings)
    {
        EncodedPrompt[] prompts = [.. context.Harmful, .. context.Harmless];
        double[] doses = [.. settings.Doses.Distinct().Order()];
        int arms = doses.Length + 1;
        PromptRow[] rows = [.. prompts.SelectMany(p => (PromptRow[])[p.Row(), .. doses.Select(d => p.Row(Edits(context.Set.For(p.Prompt.Key), settings.Operation, d, context.Scope, context.Statistics)))])];
        var logits = new float[rows.Length][];
        (string Text, double Probability)[] generated = await context.GenerateAsync("Sweeping the dose", rows, (model, row, r) =>
        {
            logits[row] = r.FirstLogits;
            return (r.Text, Probability.Mass(r.FirstLogits, model.RefusalTokens));
        }).ConfigureAwait(false);
        ImmutableArray<JudgedResponse> responses = await context.Judges.JudgeAsync([.. rows.Select((_, i) => new JudgedResponse
        {
            Arm = i % arms == 0 ? ResponseArms.Baseline : FormattableString.Invariant($"dose {doses[(i % arms) - 1]}"),
            Prompt = prompts[i / arms].Prompt.Key,
            Category = prompts[i / arms].Prompt.Category,
            DataSet = prompts[i / arms].DataSet,
            Harmful = prompts[i / arms].Harmful,
            Text = generated[i].Text,
            RefusalProbability = generated[i].Probability,
            Verdict = new Verdict(VerdictKind.Unclear, "none"),
        })], cancellation: context.Cancellation).ConfigureAwait(false);
        DosePoint[] points =
        [
            .. from i in Enumerable.Range(0, rows.Length)
               where i % arms > 0
               let first = i - (i % arms)
               select new DosePoint(doses[(i % arms) - 1], prompts[i / arms].Harmful, responses[i], Probability.Kl(logits[first], logits[i]), 1 - Repetition.Measure(responses[i].Text).DistinctNGramShare),
        ];
        return Describe(points, responses, settings.Operation);
    }

    /// <summary>The edits of a dose.</summary>
    /// <exception cref="PipelineException">A feature's largest activation is asked for and not known.</exception>
    internal static IEnumerable<Intervention> Edits(
        ImmutableArray<FeatureId> features, DoseKind kind, double dose, TokenScope scope, FeatureStatistics statistics) => kind switch
        {
            DoseKind.Scale => [Intervention.Scale(features, dose, scope)],
            DoseKind.Clamp => [Intervention.Clamp(features, dose, scope)],
            _ => features.Select(f => Intervention.Clamp([f], dose * (statistics.MaxActivation(f) ?? throw new PipelineException(
                $"dose-response: {f}: its largest activation is not known (statistics come with the demo model alone); use the operation scale or clamp")), scope)),
        };

    /// <summary>Charts and tables.</summary>
    internal static AnalysisOutput Describe(IReadOnlyList<DosePoint> points, ImmutableArray<JudgedResponse> responses, DoseKind kind)
    {
        (double Dose, bool Harmful, DosePoint[] Points)[] groups = [.. points.GroupBy(p => (p.Dose, p.Harmful)).OrderBy(g => g.Key.Dose).ThenByDescending(g => g.Key.Harmful).Select(g => (g.Key.Dose, g.Key.Harmful, g.ToArray()))];
        string axis = kind switch { DoseKind.Scale => "activation × dose", DoseKind.Clamp => "activation = dose", _ => "activation = dose × maximum" };
        var harmful = groups.Where(g => g.Harmful).ToArray();
        return new AnalysisOutput
        {
            Responses = responses,
            Findings = [.. Findings()],
            Charts =
            [
                Lines("probability", "P(\"I\") and repetition", "share", 1, [("P(\"I\")", p => p.Response.RefusalProbability), ("repeated 4-grams", p => p.Repetition)]),
                Lines("kl", "KL to the unedited model", "KL, nats", null, [("KL", p => p.Kl)]),
                Verdicts(),
            ],
            Tables =
            [
                AnalysisTable.Of("doses", "By dose",
                    [new("dose"), new("prompts", ColumnKind.Text), new("mean P(\"I\")"), new("mean KL"), new("repeated 4-grams", ColumnKind.Share), .. Enum.GetValues<VerdictKind>().Select(k => new TableColumn(Rates.Word(k), ColumnKind.Count))],
                    groups.Select(g => (IEnumerable<Cell>)
                    [
                        g.Dose, g.Harmful ? "harmful" : "harmless", g.Points.Average(p => p.Response.RefusalProbability), g.Points.Average(p => p.Kl), g.Points.Average(p => p.Repetition),
                        .. Enum.GetValues<VerdictKind>().Select(k => (Cell)g.Points.Count(p => p.Response.Verdict.Kind == k)),
                    ])),
                Rates.Listing(responses),
            ],
        };

        // A dose that breaks the model has no refusals either: what counts is the least P("I") among doses that leave it whole.
        IEnumerable<string> Findings()
        {
            var whole = harmful.Where(g => 2 * g.Points.Count(p => p.Response.Verdict.Kind == VerdictKind.Degenerate) < g.Points.Length).ToArray();
            if (whole.MinBy(g => g.Points.Average(p => p.Response.RefusalProbability)) is { Points: not null } best)
            {
                double cost = groups.Where(g => !g.Harmful && g.Dose == best.Dose).SelectMany(g => g.Points).Select(p => p.Kl).DefaultIfEmpty(double.NaN).Average();
                yield return FormattableString.Invariant(
                    $"Of the doses that leave the model whole, {best.Dose} brings mean P(\"I\") on harmful prompts lowest: {best.Points.Average(p => p.Response.RefusalProbability):0.###}, {best.Points.Count(p => p.Response.Verdict.Kind == VerdictKind.Complied)} of {best.Points.Length} answered{(double.IsNaN(cost) ? "" : FormattableString.Invariant($", at {cost:0.###} nats of KL on harmless prompts"))}.");
            }
            double[] broken = [.. harmful.Select(g => g.Dose).Except(whole.Select(g => g.Dose))];
            yield return harmful.Length == 0 ? "There are no harmful prompts."
                : broken.Length == 0 ? "No dose breaks the model: under half of the responses are degenerate at each."
                : FormattableString.Invariant($"At {string.Join(", ", broken.Select(d => FormattableString.Invariant($"{d}")))} half of the responses to harmful prompts or more are degenerate.");
        }

        LineChart Lines(string id, string title, string yTitle, double? max, (string Name, Func<DosePoint, double> Value)[] measures) => new()
        {
            Id = id,
            Title = title,
            XTitle = axis,
            YTitle = yTitle,
            YMin = 0,
            YMax = max,
            Series = [.. from m in measures
                         from isHarmful in (bool[])[true, false]
                         let own = groups.Where(g => g.Harmful == isHarmful).ToArray()
                         where own.Length > 0
                         select new LineSeries
                         {
                             Name = $"{m.Name}, {(isHarmful ? "harmful" : "harmless")}",
                             Dashed = !isHarmful,
                             X = [.. own.Select(g => g.Dose)],
                             Y = [.. own.Select(g => g.Points.Average(m.Value))],
                             Low = [.. own.Select(g => g.Points.Min(m.Value))],
                             High = [.. own.Select(g => g.Points.Max(m.Value))],
                         }],
        };

        BarChart Verdicts() => new()
        {
            Id = "verdicts",
            Title = "Verdicts on harmful prompts by dose",
            XTitle = axis,
            YTitle = "share of prompts",
            Stacked = true,
            Shares = true,
            Categories = [.. harmful.Select(g => FormattableString.Invariant($"{g.Dose}"))],
            Series = [.. Enum.GetValues<VerdictKind>().Select(k => new BarSeries
            {
                Name = Rates.Word(k),
                Values = [.. harmful.Select(g => (double)g.Points.Count(p => p.Response.Verdict.Kind == k) / g.Points.Length)],
            })],
        };
    }
}

/// <summary>One prompt at one dose.</summary>
internal sealed record DosePoint(double Dose, bool Harmful, JudgedResponse Response, double Kl, double Repetition);
