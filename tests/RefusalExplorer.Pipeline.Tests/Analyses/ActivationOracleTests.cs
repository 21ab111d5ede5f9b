using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>Analyses that read activations, against whole dictionaries one prompt at a time.</summary>
public sealed class ActivationOracleTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    [Fact]
    public async Task Cosine_IsThatOfTheLastTokensResidualAtEveryLayer()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisTable table = Tables.Get(await bench.RunAsync("cosine", request), "by-layer");

        double[] direction = [.. bench.Vector.Select(v => (double)v)];
        double[][][] cosines = await bench.OnModelAsync(m => new[] { request.Harmful!, request.Harmless! }.SelectMany(s => new bool[] { false, true }.Select(ablated =>
            Enumerable.Range(0, TinyChat.Layers + 1).Select(l => s.Items.Average(p =>
            {
                ImmutableArray<int> ids = m.Ids(p);
                double[] h = [.. m.Run(ids, ablated ? [Literal.Ablate(request.Features)] : []).Residuals![l].Skip((ids.Length - 1) * TinyChat.Width).Select(x => (double)x)];
                return h.Zip(direction, (a, b) => a * b).Sum() / Math.Sqrt(h.Sum(x => x * x) * direction.Sum(x => x * x));
            })).ToArray())).Select(x => new[] { x }).ToArray());

        string[] arms = ["harmful", "harmful, features ablated", "harmless", "harmless, features ablated"];
        for (int a = 0; a < arms.Length; a++)
            Tables.Close(cosines[a][0], table.Column(arms[a]), 1e-5);
        // Blocks below the SAEs are untouched, those above are not.
        Assert.Equal(table.Column(arms[0])[2].Number!.Value, table.Column(arms[1])[2].Number!.Value, 6);
        Assert.True(Math.Abs(table.Column(arms[0])[5].Number!.Value - table.Column(arms[1])[5].Number!.Value) > 0.01);
    }

    [Theory]
    [InlineData("blocks.20.hook_resid_post", 21)]
    [InlineData("blocks.16.hook_resid_pre", 16)]
    [InlineData("somewhere", null)]
    public void Cosine_MarksTheResidualThatTheDirectionWasReadAt(string hook, int? residual) =>
        Assert.Equal(residual, Pipeline.Analyses.CosineByLayer.CosineByLayerAnalysis.ReadAt(hook));

    [Fact]
    public async Task Sparsity_CountsActiveFeaturesOfEveryTokenButTheFirst()
    {
        AnalysisRequest request = AnalysisBench.Request(3, 2);
        AnalysisTable table = Tables.Get(await bench.RunAsync("sparsity", request), "l0");

        double[][] active = await bench.OnModelAsync(m => new[] { 2, 3 }.Select(layer => request.Harmful!.Items.Concat(request.Harmless!.Items).SelectMany(p =>
        {
            ImmutableArray<int> ids = m.Ids(p);
            double[][] acts = [.. Enumerable.Range(0, TinyChat.Features).Select(f => m.Acts(ids, new FeatureId(layer, f)))];
            return Enumerable.Range(1, ids.Length - 1).Select(t => (double)acts.Count(a => a[t] > 0));
        }).ToArray()).ToArray());

        Tables.Close(active.Select(a => a.Average()), table.Column("mean L0"), 1e-9);
        Tables.Close(active.Select(a => a.Max()), table.Column("largest"), 0);
        Tables.Close(active.Select(a => Math.Sqrt(a.Sum(x => Math.Pow(x - a.Average(), 2)) / (a.Length - 1))), table.Column("sd"), 1e-9);
        Assert.All(active, a => Assert.InRange(a.Average(), 0.5, 40));
    }

    [Fact]
    public async Task ActivationStatistics_AreThoseOfLargestActivations()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisTable table = Tables.Get(await bench.RunAsync("activation-statistics", request), "features");

        foreach (FeatureId feature in request.Features)
        {
            (double[] yes, double[] no) = await bench.OnModelAsync(m => (
                request.Harmful!.Items.Select(p => m.Max(m.Ids(p), feature)).ToArray(), request.Harmless!.Items.Select(p => m.Max(m.Ids(p), feature)).ToArray()));
            string row = feature.ToString();
            Assert.Equal((double)yes.Count(v => v > 0) / yes.Length, Tables.Number(table, row, "fires, harmful"), 9);
            Assert.Equal((double)no.Count(v => v > 0) / no.Length, Tables.Number(table, row, "fires, harmless"), 9);
            Assert.Equal(yes.Average(), Tables.Number(table, row, "mean activation, harmful"), 0.001);
            Assert.Equal(no.Max(), Tables.Number(table, row, "largest, harmless"), 0.001);
            // AUC: how often a harmful prompt is above a harmless one; ties count half.
            double auc = yes.SelectMany(a => no.Select(b => Math.Abs(a - b) < 1e-6 ? 0.5 : a > b ? 1 : 0)).Average();
            Assert.Equal(auc, Tables.Number(table, row, "AUC"), 6);
            double variance = (yes.Sum(v => Math.Pow(v - yes.Average(), 2)) + no.Sum(v => Math.Pow(v - no.Average(), 2))) / (yes.Length + no.Length - 2);
            double difference = yes.Average() - no.Average();
            Tables.Close([variance > 0 ? difference / Math.Sqrt(variance) : difference == 0 ? 0 : double.NaN],
                [table.Column("Cohen's d")[table.Rows.ToList().FindIndex(r => r[0].Text == row)]], 0.001);
        }
    }

    [Fact]
    public async Task Taxonomy_LabelsAFeatureWithEveryCategoryThatItFiresOn()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisResult result = await bench.RunAsync("taxonomy", request);
        AnalysisTable features = Tables.Get(result, "features");

        var byFeature = await bench.OnModelAsync(m => request.Features.ToDictionary(f => f.ToString(), f => request.Harmful!.Items
            .GroupBy(p => p.Category!).Where(g => g.Any(p => m.Max(m.Ids(p), f) > 0)).Select(g => g.Key).ToHashSet()));

        foreach (ImmutableArray<Cell> row in features.Rows)
            Assert.Equal(byFeature[row[0].Text!].Order(), row[2].Text!.Split("; ", StringSplitOptions.RemoveEmptyEntries).Order());
        BarChart bars = Assert.IsType<BarChart>(result.Output.Charts[0]);
        Assert.Equal(["doors only", "locks only", "2 categories"], bars.Categories);
        Assert.Equal(
            [byFeature.Values.Count(c => c.SetEquals(["doors"])), byFeature.Values.Count(c => c.SetEquals(["locks"])), byFeature.Values.Count(c => c.Count == 2)],
            bars.Series[0].Values);
        Assert.Equal(request.Features.Length, (int)Tables.Get(result, "breakdown").Rows.Sum(r => r[1].Number!.Value));
    }

    [Fact]
    public async Task Taxonomy_RandomFeatures_AreOthersOfTheSameLayers()
    {
        AnalysisRequest request = AnalysisBench.Request() with { Settings = AnalysisBench.Settings(new { randomFeatures = 9 }) };

        FeatureId[] random = [.. Tables.Get(await bench.RunAsync("taxonomy", request), "random").Column("feature").Select(c => FeatureId.Parse(c.Text!))];

        Assert.Equal(9, random.Distinct().Count());
        Assert.Empty(random.Intersect(request.Features));
        Assert.All(random, f => Assert.Contains(f.Layer, (int[])[2, 3]));
    }

    [Theory]
    [InlineData("Misinformation", "false information")]
    [InlineData("False information", "false information")]
    [InlineData(" privacy ", "privacy")]
    [InlineData("", "uncategorised")]
    [InlineData(null, "uncategorised")]
    public void Taxonomy_CallsOneCategoryByOneName(string? given, string expected) =>
        Assert.Equal(expected, Pipeline.Analyses.Taxonomy.CategoryMap.Normalise(given));

    [Fact]
    public async Task Overlap_OfOneSet_ComparesWhatIsActive()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisResult result = await bench.RunAsync("overlap", request);

        HashSet<FeatureId>[] active = await bench.OnModelAsync(m => request.Harmful!.Items.Select(p => request.Features.Where(f => m.Max(m.Ids(p), f) > 0).ToHashSet()).ToArray());

        AnalysisTable features = Tables.Get(result, "features");
        foreach (IGrouping<FeatureId, FeatureId> feature in active.SelectMany(a => a).GroupBy(f => f))
            Assert.Equal(feature.Count(), Tables.Number(features, feature.Key.ToString(), "prompts"));
        HeatMapChart matrix = result.Output.Charts.OfType<HeatMapChart>().Single(c => c.Id == "prompts");
        int[] order = [.. matrix.Rows.Select(r => int.Parse(r.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) - 1)];
        for (int a = 0; a < order.Length; a++)
        {
            for (int b = 0; b < order.Length; b++)
            {
                HashSet<FeatureId> x = active[order[a]], y = active[order[b]];
                int union = x.Union(y).Count();
                Assert.Equal(union == 0 ? 1 : (double)x.Intersect(y).Count() / union, matrix.Values[a][b], 12);
            }
        }
        Assert.DoesNotContain(result.Output.Tables, t => t.Id == "sets");
    }

    [Fact]
    public async Task Overlap_OfOwnSetsAndStages_ComparesTheSets()
    {
        AnalysisRequest plain = AnalysisBench.Request(2);
        AnalysisRequest request = plain with
        {
            Features = [],
            Sets =
            [
                new AnalysisFeatureSet { Name = "stage 2", ByPrompt = ImmutableSortedDictionary<string, ImmutableArray<FeatureId>>.Empty
                    .Add(plain.Harmful!.Items[0].Instruction, [new(2, 1), new(2, 2)]).Add(plain.Harmful.Items[1].Instruction, [new(2, 2), new(3, 3), new(3, 4)]) },
                new AnalysisFeatureSet { Name = "stage 3", Features = [new(3, 4), new(3, 5)] },
            ],
        };

        AnalysisResult result = await bench.RunAsync("overlap", request);

        Assert.Equal(0.25, result.Output.Charts.OfType<HeatMapChart>().Single(c => c.Id == "prompts").Values[0][1]);
        AnalysisTable sets = Tables.Get(result, "sets");
        Assert.Equal(1, sets.Column("common")[0].Number);
        Assert.Equal(0.2, sets.Column("Jaccard")[0].Number!.Value, 12);
    }

    [Fact]
    public async Task KTokens_AblatesWhatIsActiveOnAtLeastKTokensOfThePrompt()
    {
        AnalysisRequest request = AnalysisBench.Request(3) with { Settings = AnalysisBench.Settings(new { k = new[] { 2, 5, 60 } }) };
        AnalysisResult result = await bench.RunAsync("k-tokens", request);
        AnalysisTable byK = Tables.Get(result, "by-k"), listing = Tables.Get(result, "responses");

        var expected = await bench.OnModelAsync(m => new[] { 2, 5, 60 }.Select(k => request.Harmful!.Items.Select(p =>
        {
            ImmutableArray<int> ids = m.Ids(p);
            FeatureId[] set = [.. from layer in (int[])[2, 3]
                                  from index in Enumerable.Range(0, TinyChat.Features)
                                  let f = new FeatureId(layer, index)
                                  where m.Acts(ids, f).Skip(1).Count(a => a > 0) >= k
                                  select f];
            return (set.Length, P: m.P(ids, Literal.Ablate(set)), Text: m.Model.Tokenizer!.Decode(m.Continue(ids, 6, Literal.Ablate(set)).Where(i => i < 256)));
        }).ToArray()).ToArray());

        Tables.Close(expected.Select(k => k.Average(p => p.Length)), byK.Column("features, mean"), 1e-9);
        Tables.Close(expected.Select(k => k.Average(p => p.P)), byK.Column("mean P(\"I\")"), 1e-4);
        for (int k = 0; k < 3; k++)
        {
            string arm = $"k = {new[] { 2, 5, 60 }[k]}";
            Assert.Equal(expected[k].Select(p => p.Text), listing.Rows.Where(r => r[0].Text == arm).Select(r => r[8].Text));
        }
        Assert.Equal(0, byK.Column("features, mean")[2].Number);
        Assert.True(expected[0][0].Length > expected[1][0].Length && expected[1][0].Length > 0);
    }
}
