using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.KTokens;

/// <summary>Settings of <see cref="KTokensAnalysis"/>.</summary>
public sealed record KTokensSettings
{
    /// <summary>k.</summary>
    [MinLength(1, ErrorMessage = "k: expected at least one")]
    [Display(Name = "k", Description = "Features active on at least so many tokens of the prompt are ablated")]
    public ImmutableArray<int> K { get; init; } = [2, 4, 8, 16, 32];
}

/// <summary>The baseline of O'Brien et al.: for each prompt ablate the features that are active on at least k of its tokens (paper, Figure 6).</summary>
public sealed class KTokensAnalysis : Analysis<KTokensSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "k-tokens",
        Title = "Baseline: features active on at least k tokens",
        Question = "Would ablating whatever is active often have done as well?",
        Paper = "Figure 6 (\"Causal feature finding using alternate methods\")",
        HowToRead = "The line is attack success over k; compared with the feature set's own rate it should stay low (the paper finds at most 10 % on Gemma and 7 % on LLaMA), and many degenerate responses at small k mean that too much was ablated.",
        Needs = AnalysisNeeds.Harmful,
        DefaultPrompts = 12,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, KTokensSettings settings)
    {
        int[] ks = [.. settings.K.Distinct().Order()];
        ImmutableArray<int> layers = [.. context.SaeLayers.Except(CandidateRanking.ExcludedByDefault)];
        ImmutableArray<FeatureId>[][] sets = await context.ForwardAsync("Active features", [.. context.Harmful.Select(p => p.Row())], new CaptureSpec { ActiveLayers = layers },
            (model, i, r) =>
            {
                Dictionary<FeatureId, int> counts = CountTokens(r.Active, t => context.Covers(model, context.Harmful[i].Ids, t, context.Harmful[i].Ids.Length));
                return ks.Select(k => counts.Where(c => c.Value >= k).Select(c => c.Key).Order().ToImmutableArray()).ToArray();
            }).ConfigureAwait(false);
        ResponseArm[] arms = [.. ks.Select((k, n) => new ResponseArm(
            FormattableString.Invariant($"k = {k}"), SeriesRole.Other, p => [Intervention.Ablate(sets[p.Index][n], context.Scope)]))];
        ImmutableArray<JudgedResponse> responses = await ResponseArms.RunAsync(context, context.Harmful, arms).ConfigureAwait(false);
        return Describe(ks, responses, [.. ks.Select((_, n) => sets.Average(s => s[n].Length))]) with { Layers = layers };
    }

    /// <summary>Tokens on which each feature is active.</summary>
    internal static Dictionary<FeatureId, int> CountTokens(IEnumerable<KeyValuePair<int, SparseActivations>> layers, Func<int, bool> counts)
    {
        Dictionary<FeatureId, int> tokens = [];
        foreach ((int layer, SparseActivations acts) in layers)
        {
            foreach (int t in Enumerable.Range(0, acts.Tokens).Where(counts))
            {
                foreach (FeatureWeight entry in acts.At(t))
                    tokens[new FeatureId(layer, entry.Id)] = tokens.GetValueOrDefault(new FeatureId(layer, entry.Id)) + 1;
            }
        }
        return tokens;
    }

    /// <summary>Figure 6 and its numbers.</summary>
    internal static AnalysisOutput Describe(IReadOnlyList<int> ks, ImmutableArray<JudgedResponse> responses, IReadOnlyList<double> sizes)
    {
        JudgedResponse[][] byK = [.. ks.Select(k => responses.Where(r => r.Arm == FormattableString.Invariant($"k = {k}")).ToArray())];
        ConfidenceInterval[] success = [.. byK.Select(r => Rates.Of(r, VerdictKind.Complied))], broken = [.. byK.Select(r => Rates.Of(r, VerdictKind.Degenerate))];
        int best = Enumerable.Range(0, ks.Count).MaxBy(i => success[i].Estimate);
        return new AnalysisOutput
        {
            Responses = responses,
            Findings = [FormattableString.Invariant(
                $"The best k is {ks[best]}: attack success {success[best].Estimate:P0} (95 % interval {success[best].Low:P0} to {success[best].High:P0}) with {sizes[best]:0} features ablated on average; {broken[best].Estimate:P0} of responses are degenerate there.")],
            Charts = [new LineChart
            {
                Id = "success",
                Title = "Attack success over k",
                XTitle = "k, tokens on which a feature is active at least",
                YTitle = "share of prompts",
                YMin = 0,
                YMax = 1,
                Series = [Line("attack success", success, SeriesRole.Features), Line("degenerate", broken, SeriesRole.Control)],
            }],
            Tables =
            [
                AnalysisTable.Of("by-k", "By k",
                    [new("k", ColumnKind.Count), new("prompts", ColumnKind.Count), new("features, mean"), new("attack success", ColumnKind.Share), new("low", ColumnKind.Share), new("high", ColumnKind.Share), new("degenerate", ColumnKind.Share), new("mean P(\"I\")")],
                    ks.Select((k, i) => (IEnumerable<Cell>)[k, byK[i].Length, sizes[i], success[i].Estimate, success[i].Low, success[i].High, broken[i].Estimate, byK[i].Average(r => r.RefusalProbability)])),
                Rates.Listing(responses),
            ],
        };

        LineSeries Line(string name, ConfidenceInterval[] rates, SeriesRole role) => new()
        {
            Name = name,
            Role = role,
            X = [.. ks.Select(k => (double)k)],
            Y = [.. rates.Select(r => r.Estimate)],
            Low = [.. rates.Select(r => r.Low)],
            High = [.. rates.Select(r => r.High)],
        };
    }
}
