using System.Collections.Immutable;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.CrossEntropy;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Datasets;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>KL and cross-entropy against one prompt at a time, all logits, plain sums.</summary>
public sealed class CostOracleTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    private Intervention WithoutDirection => Intervention.ProjectOut(bench.Vector, TokenScope.All);

    [Fact]
    public async Task Kl_IsTheSumOverTheVocabularyOfEachHarmlessPrompt()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisTable byPrompt = Tables.Get(await bench.RunAsync("kl", request), "by-prompt");

        (double Features, double Direction)[] expected = await bench.OnModelAsync(m => request.Harmless!.Items.Select(p =>
            (m.Kl(m.Ids(p), Literal.Ablate(request.Features)), m.Kl(m.Ids(p), WithoutDirection))).ToArray());

        Assert.Equal(request.Harmless!.Items.Select(p => p.Instruction), byPrompt.Column("prompt").Select(c => c.Text));
        Tables.Close(expected.Select(e => e.Features), byPrompt.Column("features ablated"), 1e-5);
        Tables.Close(expected.Select(e => e.Direction), byPrompt.Column("direction ablated"), 1e-5);
        Assert.All(expected, e => Assert.True(e.Features > 1e-4 && e.Direction > 1e-4));
    }

    [Fact]
    public async Task Kl_MeanMedianAndMaximum_AreThoseOfThePrompts()
    {
        AnalysisResult result = await bench.RunAsync("kl", AnalysisBench.Request());

        double[] values = [.. Tables.Get(result, "by-prompt").Column("features ablated").Select(c => c.Number!.Value)];
        AnalysisTable table = Tables.Get(result, "kl");

        Assert.Equal(values.Average(), table.Rows[0][2].Number!.Value, 12);
        Assert.Equal(values.Order().ElementAt(2), table.Column("median KL")[0].Number!.Value, 12);
        Assert.Equal(values.Max(), table.Column("max KL")[0].Number!.Value, 12);
        Assert.InRange(values.Average(), table.Column("low")[0].Number!.Value, table.Column("high")[0].Number!.Value);
    }

    [Fact]
    public async Task CrossEntropy_MasksEverythingBeforeTheAnswer_AndWeighsByTokens()
    {
        bench.Files.Files["alpaca.json"] = [Item("name a fruit", "apple, or pear"), Item("count to three", "1 2 3")];
        bench.Files.Files["pile.jsonl"] = [Item("Once upon a time there was a hill.", null), Item(new string('x', 90), null)];
        AnalysisRequest request = AnalysisBench.Request() with { Settings = AnalysisBench.Settings(new { alpaca = "alpaca.json", pile = "pile.jsonl", texts = 2, tokens = 60 }) };
        AnalysisTable table = Tables.Get(await bench.RunAsync("cross-entropy", request), "loss");

        var expected = await bench.OnModelAsync(m =>
        {
            (ImmutableArray<int> Ids, int First)[] answers = [.. bench.Files.Files["alpaca.json"].Select(i =>
                (m.Ids(i.Instruction).AddRange(m.Model.Tokenizer!.Encode(i.Target!, addSpecial: false)), m.Ids(i.Instruction).Length))];
            (ImmutableArray<int> Ids, int First)[] plain = [.. bench.Files.Files["pile.jsonl"].Select(i =>
                (m.Model.Tokenizer!.Encode(i.Instruction, addSpecial: true).Take(60).ToImmutableArray(), 1))];
            return new[] { answers, plain }.SelectMany(texts => new Intervention[][] { [], [WithoutDirection], [Literal.Ablate(request.Features)] }.Select(edits =>
            {
                double sum = 0;
                int tokens = 0;
                foreach ((ImmutableArray<int> ids, int first) in texts)
                {
                    for (int t = first; t < ids.Length; t++, tokens++)
                        sum -= m.LogProbabilities(ids, t - 1, edits)[ids[t]];
                }
                return (Loss: sum / tokens, Tokens: tokens);
            })).ToArray();
        });

        Assert.Equal(["Alpaca", "Alpaca", "Alpaca", "The Pile", "The Pile", "The Pile"], table.Column("text").Select(c => c.Text));
        Tables.Close(expected.Select(e => e.Loss), table.Column("loss"), 1e-5);
        Assert.Equal(expected.Select(e => (double?)e.Tokens), table.Column("tokens").Select(c => c.Number));
        Assert.Equal(14 + 5, table.Column("tokens")[0].Number);
    }

    [Fact]
    public async Task CrossEntropy_OfSetsByPrompt_AveragesOverTheSets()
    {
        bench.Files.Files["pile2.jsonl"] = [Item("A short text.", null), Item("Another one, longer than the first.", null)];
        AnalysisRequest request = AnalysisBench.Request() with
        {
            Features = [],
            Sets = [new AnalysisFeatureSet
            {
                Name = "own",
                ByPrompt = ImmutableSortedDictionary<string, ImmutableArray<Engine.FeatureId>>.Empty
                    .Add("a", [.. AnalysisBench.Features(2, 6)]).Add("b", [.. AnalysisBench.Features(3, 9)]),
            }],
            Settings = AnalysisBench.Settings(new { pile = "pile2.jsonl", texts = 2 }),
        };
        AnalysisTable table = Tables.Get(await bench.RunAsync("cross-entropy", request), "loss");

        double[] bySet = await bench.OnModelAsync(m => request.Sets[0].ByPrompt.Values.Select(set =>
        {
            var losses = bench.Files.Files["pile2.jsonl"].SelectMany(i =>
            {
                ImmutableArray<int> ids = [.. m.Model.Tokenizer!.Encode(i.Instruction, addSpecial: true)];
                return Enumerable.Range(1, ids.Length - 1).Select(t => -m.LogProbabilities(ids, t - 1, Literal.Ablate(set))[ids[t]]);
            });
            return losses.Average();
        }).ToArray());

        int row = table.Rows.Length - 1;
        Assert.Equal("features ablated", table.Column("arm")[row].Text);
        Tables.Close([bySet.Average()], [table.Column("loss")[row]], 1e-5);
        Tables.Close([Math.Abs(bySet[0] - bySet[1]) / Math.Sqrt(2)], [table.Column("sd over sets")[row]], 1e-5);
    }

    [Theory]
    [InlineData(1, 6.0, 3)]
    [InlineData(3, 3.0, 1)]
    [InlineData(9, 0.0, 0)]
    public void Score_CountsTheLossesOfScoredTokensAlone(int firstScored, double sum, int tokens) =>
        Assert.Equal((sum, tokens), CrossEntropyAnalysis.Score([1, 2, 3], firstScored));

    private static DatasetItem Item(string instruction, string? target) => new() { Instruction = instruction, Target = target, File = "memory", Line = 1 };
}
