using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.CrossEntropy;

/// <summary>Settings of <see cref="CrossEntropyAnalysis"/>.</summary>
public sealed record CrossEntropySettings
{
    /// <summary>Alpaca's file.</summary>
    [Display(Name = "Alpaca file", Description = "JSON of {instruction, input, output}; empty: harmless prompts with the model's own answers, in the same form")]
    public string? Alpaca { get; init; }

    /// <summary>A file in The Pile's form.</summary>
    [Display(Name = "Pile file", Description = "JSONL of {text}, also .zst; empty: the demo model's own corpus on the demo model, nothing on others")]
    public string? Pile { get; init; }

    /// <summary>Texts of each kind.</summary>
    [Range(1, 10000, ErrorMessage = "texts: expected 1 to 10000")]
    [Display(Name = "Texts", Description = "Texts of each kind; the paper takes 100")]
    public int Texts { get; init; } = 8;

    /// <summary>Tokens of a text that are read.</summary>
    [Range(8, 16384, ErrorMessage = "tokens: expected 8 to 16384")]
    [Display(Name = "Tokens", Description = "A text is cut after this many tokens; the reference cuts The Pile at 256")]
    public int Tokens { get; init; } = 256;

    /// <summary>Most feature sets averaged over.</summary>
    [Range(1, 1000, ErrorMessage = "sets: expected 1 to 1000")]
    [Display(Name = "Sets", Description = "Where each prompt has its own set, so many of them, drawn by the seed, are averaged over; the paper averages over all")]
    public int Sets { get; init; } = 5;
}

/// <summary>Cross-entropy of ordinary text under no ablation, direction ablation and feature ablation (paper, "Downstream Performance", Table 9).</summary>
public sealed class CrossEntropyAnalysis(IDatasetReader files) : Analysis<CrossEntropySettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "cross-entropy",
        Title = "Cross-entropy on ordinary text",
        Question = "Does the model still predict ordinary text as well?",
        Paper = "Table 9 (\"Downstream Performance\")",
        HowToRead = "Losses in nats a token: the nearer the edited bars stand to the baseline, the less the edit costs; in the paper features cost a little more than the direction.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
        DefaultPrompts = 8,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, CrossEntropySettings settings)
    {
        List<ScoredText> texts = [.. await AnswersAsync(context, settings).ConfigureAwait(false), .. await PlainAsync(context, settings).ConfigureAwait(false)];
        if (texts.GroupBy(t => t.Kind).FirstOrDefault(g => g.All(t => t.Ids.Length <= t.FirstScored)) is { } cut)
            throw new PipelineException($"cross-entropy, {cut.Key}: no text has a token to score among its first {settings.Tokens}; expected some after the prompt, so raise Tokens or take shorter prompts");
        ImmutableArray<ImmutableArray<FeatureId>> sets = Sets(context, settings.Sets);
        int arms = 2 + sets.Length;
        PromptRow[] rows = [.. texts.SelectMany(t => (PromptRow[])
        [
            PromptRow.Plain(t.Ids), new PromptRow(t.Ids, InterventionSet.Of(context.ProjectOut())),
            .. sets.Select(s => new PromptRow(t.Ids, InterventionSet.Of(Intervention.Ablate(s, context.Scope)))),
        ])];
        (double Sum, int Tokens)[] sums = await context.ForwardAsync("Losses", rows, new CaptureSpec { TokenLosses = true },
            (_, row, r) => Score(r.TokenLosses!, texts[row / arms].FirstScored)).ConfigureAwait(false);
        return Describe([.. texts.Select(t => t.Kind)], sums, arms, context.Request.Seed);
    }

    /// <summary>Sum over the scored positions: entry t is the loss of token t + 1, and tokens before <paramref name="firstScored"/> do not count.</summary>
    internal static (double Sum, int Tokens) Score(float[] losses, int firstScored)
    {
        int first = Math.Max(0, firstScored - 1);
        return (losses.Skip(first).Sum(l => (double)l), Math.Max(0, losses.Length - first));
    }

    /// <summary>Table 9 and its bars.</summary>
    /// <param name="kinds">Kind of each text.</param>
    /// <param name="sums">Loss and tokens of each text in each arm: no ablation, direction, then the feature sets.</param>
    /// <param name="arms">Arms.</param>
    /// <param name="seed">Of the intervals.</param>
    internal static AnalysisOutput Describe(IReadOnlyList<string> kinds, IReadOnlyList<(double Sum, int Tokens)> sums, int arms, long seed)
    {
        List<LossRow> rows = [];
        foreach (string kind in kinds.Distinct())
        {
            int[] texts = [.. Enumerable.Range(0, kinds.Count).Where(t => kinds[t] == kind)];
            double Mean(IReadOnlyList<int> picked, int arm) => picked.Sum(i => sums[(texts[i] * arms) + arm].Sum) / picked.Sum(i => sums[(texts[i] * arms) + arm].Tokens);
            double[] bySet = [.. Enumerable.Range(2, arms - 2).Select(arm => Mean([.. Enumerable.Range(0, texts.Length)], arm))];
            ConfidenceInterval Interval(Func<IReadOnlyList<int>, double> mean) => Bootstrap.Percentile(texts.Length, mean, 1000, seed: seed).Interval;
            int tokens = texts.Sum(t => sums[t * arms].Tokens);
            rows.Add(new LossRow(kind, ResponseArms.Baseline, texts.Length, tokens, Interval(p => Mean(p, 0)), double.NaN));
            rows.Add(new LossRow(kind, ResponseArms.Direction, texts.Length, tokens, Interval(p => Mean(p, 1)), double.NaN));
            rows.Add(new LossRow(kind, ResponseArms.Features, texts.Length, tokens, Interval(p => Enumerable.Range(2, arms - 2).Average(arm => Mean(p, arm))), Moments.Deviation(bySet)));
        }
        ImmutableArray<string> groups = [.. kinds.Distinct()];
        return new AnalysisOutput
        {
            Findings = [.. groups.Select(g => rows.Where(r => r.Kind == g).ToArray()).Select(r => FormattableString.Invariant(
                $"{r[0].Kind}: {r[0].Loss.Estimate:0.###} nats a token without ablation, {r[1].Loss.Estimate:0.###} with the direction and {r[2].Loss.Estimate:0.###} with the features ablated ({r[0].Texts} texts, {r[0].Tokens} tokens)."))],
            Charts = [new BarChart
            {
                Id = "loss",
                Title = "Cross-entropy by kind of text",
                YTitle = "nats a token",
                Categories = groups,
                Series = [.. rows.GroupBy(r => r.Arm).Select(a => new BarSeries
                {
                    Name = a.Key,
                    Role = Rates.RoleOf(a.Key),
                    Values = [.. a.Select(r => r.Loss.Estimate)],
                    Low = [.. a.Select(r => r.Loss.Low)],
                    High = [.. a.Select(r => r.Loss.High)],
                })],
            }],
            Tables = [AnalysisTable.Of("loss", "Cross-entropy",
                [new("text", ColumnKind.Text), new("arm", ColumnKind.Text), new("texts", ColumnKind.Count), new("tokens", ColumnKind.Count), new("loss"), new("low"), new("high"), new("sd over sets")],
                rows.Select(r => (IEnumerable<Cell>)[r.Kind, r.Arm, r.Texts, r.Tokens, r.Loss.Estimate, r.Loss.Low, r.Loss.High, r.Deviation]))],
        };
    }

    private static ImmutableArray<ImmutableArray<FeatureId>> Sets(AnalysisContext context, int most)
    {
        ImmutableArray<FeatureId>[] own = [.. context.Set.ByPrompt.Values.Where(s => !s.IsEmpty)];
        if (own.Length == 0)
            return [context.Set.Union()];
        new SeededRandom(context.Request.Seed).Shuffle<ImmutableArray<FeatureId>>(own);
        return [.. own.Take(most)];
    }

    /// <summary>Instruction and answer; only the answer counts (the reference masks all before the last end-of-instruction token).</summary>
    private async Task<IEnumerable<ScoredText>> AnswersAsync(AnalysisContext context, CrossEntropySettings settings)
    {
        if (settings.Alpaca is { Length: > 0 } path)
        {
            PromptDataset read = files.Read(new PromptSetSpec { Path = path, Format = DatasetFormat.Alpaca, Limit = settings.Texts, Seed = context.Request.Seed });
            return await context.OnModelAsync((model, _) => read.Items.Where(i => !string.IsNullOrEmpty(i.Target)).Select(i =>
            {
                ImmutableArray<int> prompt = PromptEncoder.Encode(model, PromptSource.User(i.Instruction)).Ids;
                ImmutableArray<int> answer = [.. model.Tokenizer!.Encode(i.Target!, addSpecial: false)];
                return new ScoredText("Alpaca", Cut([.. prompt, .. answer], settings.Tokens), prompt.Length);
            }).Where(t => t.Ids.Length > t.FirstScored).ToArray()).ConfigureAwait(false);
        }
        EncodedPrompt[] prompts = [.. context.Harmless.Take(settings.Texts)];
        ImmutableArray<int>[] answers = await context.GenerateAsync("The model's own answers", [.. prompts.Select(p => p.Row())], (_, _, r) => r.Ids).ConfigureAwait(false);
        return prompts.Zip(answers, (p, a) => new ScoredText("Alpaca form, own answers", Cut([.. p.Ids, .. a], settings.Tokens), p.Ids.Length));
    }

    private async Task<IEnumerable<ScoredText>> PlainAsync(AnalysisContext context, CrossEntropySettings settings)
    {
        if (settings.Pile is { Length: > 0 } path)
        {
            PromptDataset read = files.Read(new PromptSetSpec { Path = path, Format = DatasetFormat.Pile, Limit = settings.Texts, Seed = context.Request.Seed });
            return await context.OnModelAsync((model, _) => Encode(model, "The Pile", read.Items.Select(i => i.Instruction), settings, true)).ConfigureAwait(false);
        }
        if (context.Request.Model != DemoModel.Name || !File.Exists(DemoModel.Corpus))
            return [];
        string[] corpus = [.. CorpusFile.Read(DemoModel.Corpus).Take(settings.Texts).Select(t => t.Text)];
        // The corpus is the model's own text with its special tokens written out: nothing is added around it.
        return await context.OnModelAsync((model, _) => Encode(model, "demo corpus", corpus, settings, false)).ConfigureAwait(false);
    }

    private static ScoredText[] Encode(LanguageModel model, string kind, IEnumerable<string> texts, CrossEntropySettings settings, bool addSpecial)
    {
        var tokenizer = model.Tokenizer ?? throw new PipelineException($"cross-entropy: {model.Spec.Name} has no tokenizer, so texts cannot be read");
        return [.. texts.Select(t => new ScoredText(kind, Cut([.. tokenizer.Encode(t, addSpecial)], settings.Tokens), 1)).Where(t => t.Ids.Length > 1)];
    }

    private static ImmutableArray<int> Cut(ImmutableArray<int> ids, int tokens) => ids.Length > tokens ? ids[..tokens] : ids;
}

/// <summary>A text with the first position whose token counts.</summary>
internal sealed record ScoredText(string Kind, ImmutableArray<int> Ids, int FirstScored);

/// <summary>One cell group of Table 9.</summary>
internal sealed record LossRow(string Kind, string Arm, int Texts, int Tokens, ConfidenceInterval Loss, double Deviation);
