using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.CausalLinks;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>Analyses that edit, against one prompt and one edit at a time without a cache.</summary>
public sealed class InterventionOracleTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    [Fact]
    public async Task AttackSuccess_RunsEveryArm_AndCountsVerdictsWithWilsonsInterval()
    {
        AnalysisRequest request = AnalysisBench.Request();
        AnalysisResult result = await bench.RunAsync("attack-success", request);

        var expected = await bench.OnModelAsync(m => request.Harmful!.Items.SelectMany(p => new Intervention[][]
            { [], [Literal.Ablate(request.Features)], [Intervention.ProjectOut(bench.Vector, TokenScope.All)] }.Select(edits =>
                (P: m.P(m.Ids(p), edits), Text: m.Model.Tokenizer!.Decode(m.Continue(m.Ids(p), 6, edits).Where(i => i < 256))))).ToArray());

        JudgedResponse[] shown = [.. result.Output.Responses.Where(r => r.Arm != "random features ablated")];
        Assert.Equal(expected.Select(e => e.Text), shown.Select(r => r.Text));
        Assert.All(expected.Zip(shown), e => Assert.Equal(e.First.P, e.Second.RefusalProbability, 5));
        Assert.Equal(6, result.Output.Responses.Count(r => r.Arm == "random features ablated"));
        AnalysisTable verdicts = Tables.Get(result, "verdicts"), byJudge = Tables.Get(result, "by-judge");
        foreach (ImmutableArray<Cell> row in byJudge.Rows.Where(r => r[1].Text == "panel"))
        {
            double n = 6, p = Tables.Number(verdicts, row[0].Text!, "complied") / n, z = 1.959963984540054;
            double centre = (p + (z * z / (2 * n))) / (1 + (z * z / n)), half = z * Math.Sqrt((p * (1 - p) / n) + (z * z / (4 * n * n))) / (1 + (z * z / n));
            Tables.Close([n, p, Math.Max(0, centre - half), Math.Min(1, centre + half)], row.Skip(2), 1e-9);
        }
    }

    [Fact]
    public async Task BenignRefusals_RunsTheHarmlessPromptsAlone()
    {
        AnalysisRequest request = AnalysisBench.Request();

        AnalysisResult result = await bench.RunAsync("benign-refusals", request);

        Assert.Equal(15, result.Output.Responses.Length);
        Assert.All(result.Output.Responses, r => Assert.False(r.Harmful));
        foreach (IGrouping<string, JudgedResponse> arm in result.Output.Responses.GroupBy(r => r.Arm))
            Assert.Equal(arm.Count(r => r.Verdict.Kind == VerdictKind.Refused) / 5.0, Tables.Number(Tables.Get(result, "costs"), arm.Key, "refused"));
    }

    [Fact]
    public async Task Controls_PValue_CountsTheDrawsAtOrBelowTheSetsOwn()
    {
        AnalysisRequest request = AnalysisBench.Request(2) with { Settings = AnalysisBench.Settings(new { draws = 12 }) };
        AnalysisResult result = await bench.RunAsync("controls", request);
        AnalysisTable controls = Tables.Get(result, "controls"), draws = Tables.Get(result, "draws");

        (double own, double baseline, double flipped, double[] byDraw) = await bench.OnModelAsync(m => (
            Mean(m, Literal.Ablate(request.Features)), Mean(m), Mean(m, Intervention.Scale(request.Features, 2, TokenScope.AllButFirst)),
            draws.Rows.Select(r => Mean(m, Literal.Ablate(r[2].Text!.Split(' ').Select(t => FeatureId.Parse(t))))).ToArray()));

        Assert.Equal(48, byDraw.Length);
        Tables.Close(byDraw, draws.Column("mean P(\"I\")"), 1e-4);
        Assert.Equal(baseline, Tables.Number(controls, "no ablation", "mean"), 5);
        Assert.Equal(flipped, Tables.Number(controls, "sign flipped", "mean"), 5);
        foreach (IGrouping<string, Cell> kind in draws.Rows.GroupBy(r => r[0].Text!, r => r[1]))
        {
            Assert.Equal(own, Tables.Number(controls, kind.Key, "set's own value"), 5);
            Assert.Equal((1 + kind.Count(d => d.Number <= Tables.Number(controls, kind.Key, "set's own value"))) / 13.0, Tables.Number(controls, kind.Key, "p"), 12);
        }

        double Mean(Literal m, params Intervention[] edits) => request.Harmful!.Items.Average(p => m.P(m.Ids(p), edits));
    }

    [Fact]
    public async Task Controls_KeepWhatTheyPromise()
    {
        AnalysisRequest request = AnalysisBench.Request(2) with { Settings = AnalysisBench.Settings(new { draws = 4 }) };
        AnalysisTable draws = Tables.Get(await bench.RunAsync("controls", request), "draws");

        HashSet<FeatureId> active = await bench.OnModelAsync(m => (from layer in (int[])[2, 3]
                                                                   from index in Enumerable.Range(0, TinyChat.Features)
                                                                   let f = new FeatureId(layer, index)
                                                                   where request.Harmful!.Items.Any(p => m.Max(m.Ids(p), f) > 0)
                                                                   select f).ToHashSet());

        foreach (ImmutableArray<Cell> row in draws.Rows)
        {
            FeatureId[] drawn = [.. row[2].Text!.Split(' ').Select(t => FeatureId.Parse(t))];
            Assert.Equal(8, drawn.Distinct().Count(f => f.Layer == 2));
            Assert.Equal(8, drawn.Distinct().Count(f => f.Layer == 3));
            Assert.Empty(drawn.Intersect(request.Features));
            if (row[0].Text == "random, active on the prompts")
                Assert.All(drawn, f => Assert.Contains(f, active));
        }
    }

    [Fact]
    public async Task Controls_OfALayerWithTooFewActiveFeatures_LeaveThatKindOut_AndSaySo()
    {
        AnalysisRequest request = AnalysisBench.Request(2) with { Features = [.. AnalysisBench.Features(2, 23).Order()], Settings = AnalysisBench.Settings(new { draws = 3 }) };

        AnalysisResult result = await bench.RunAsync("controls", request);

        Assert.Equal(["matched activity", "matched norm", "no ablation", "random", "sign flipped"], Tables.Get(result, "controls").Rows.Select(r => r[0].Text).Order(StringComparer.Ordinal));
        Assert.Contains(result.Output.Findings, f => f.StartsWith("random, active on the prompts: left out", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Controls_OfSetsByPrompt_AblateOnEachPromptItsOwn()
    {
        AnalysisRequest request = AnalysisBench.Request(3);
        ImmutableArray<AnalysisPrompt> prompts = request.Harmful!.Items;
        ImmutableArray<FeatureId>[] own = [[.. AnalysisBench.Features(2, 6)], [.. AnalysisBench.Features(2, 4, 1).Concat(AnalysisBench.Features(3, 3)).Order()], []];
        request = request with
        {
            Features = [],
            Sets = [new AnalysisFeatureSet { Name = "minimal sets", ByPrompt = own.Select((o, i) => (prompts[i].Instruction, o)).ToImmutableSortedDictionary(x => x.Instruction, x => x.o, StringComparer.Ordinal) }],
            Settings = AnalysisBench.Settings(new { draws = 5 }),
        };

        AnalysisResult result = await bench.RunAsync("controls", request), again = await bench.RunAsync("controls", request);

        AnalysisTable controls = Tables.Get(result, "controls"), byPrompt = Tables.Get(result, "by-prompt");
        (double[] Without, double[] With, double[] Flipped) expected = await bench.OnModelAsync(m => (
            prompts.Select(p => m.P(m.Ids(p))).ToArray(), prompts.Select((p, i) => m.P(m.Ids(p), Literal.Ablate(own[i]))).ToArray(),
            prompts.Select((p, i) => m.P(m.Ids(p), Intervention.Scale(own[i], 2, TokenScope.AllButFirst))).ToArray()));
        Tables.Close(own.Select(o => (double)o.Length), byPrompt.Column("features"), 0);
        Tables.Close(expected.Without, byPrompt.Column("P(\"I\"), no ablation"), 1e-5);
        Tables.Close(expected.With, byPrompt.Column("P(\"I\"), own set"), 1e-5);
        Assert.Equal(expected.With.Average(), Tables.Number(controls, "random", "set's own value"), 5);
        Assert.Equal(expected.Flipped.Average(), Tables.Number(controls, "sign flipped", "mean"), 5);
        // Draws of a prompt with an empty set edit nothing.
        Tables.Close([expected.Without[2]], [byPrompt.Column("mean P(\"I\"), random")[2]], 1e-5);
        Assert.All(new[] { "random", "random, active on the prompts", "matched activity", "matched norm" }, kind => Assert.Equal(5, Tables.Number(controls, kind, "draws")));
        Assert.Equal(Tables.Get(result, "draws").ToCsv(), Tables.Get(again, "draws").ToCsv());
    }

    [Fact]
    public async Task CausalLinks_MeasureDeactivationAndDropOfTheFirstSet()
    {
        AnalysisRequest request = EveryAnalysisTests.Request("causal-links");
        AnalysisResult result = await bench.RunAsync("causal-links", request);
        AnalysisTable byPrompt = Tables.Get(result, "by-prompt");
        ImmutableArray<FeatureId> first = request.Sets[0].Features, second = request.Sets[1].Features;

        var expected = await bench.OnModelAsync(m => request.Harmful!.Items.Select(p =>
        {
            double[] before = [.. first.Select(f => m.Max(m.Ids(p), f))], after = [.. first.Select(f => m.Max(m.Ids(p), f, Literal.Ablate(second)))];
            int[] active = [.. Enumerable.Range(0, first.Length).Where(i => before[i] > 0)], still = [.. active.Where(i => after[i] > 0)];
            return (Active: active.Length, Off: active.Length - still.Length, Drop: still.Length == 0 ? double.NaN : still.Average(i => 1 - (after[i] / before[i])),
                Woken: Enumerable.Range(0, first.Length).Count(i => before[i] == 0 && after[i] > 0),
                Total: active.Length == 0 ? double.NaN : active.Average(i => 1 - (after[i] / before[i])));
        }).ToArray());

        Tables.Close(expected.Select(e => (double)e.Active), byPrompt.Column("active"), 0);
        Tables.Close(expected.Select(e => (double)e.Off), byPrompt.Column("deactivated"), 0);
        Tables.Close(expected.Select(e => (double)e.Off / e.Active), byPrompt.Column("deactivated share"), 1e-9);
        Tables.Close(expected.Select(e => e.Drop), byPrompt.Column("drop of those still active"), 1e-4);
        Tables.Close(expected.Select(e => (double)e.Woken), byPrompt.Column("woken"), 0);
        Assert.Contains(expected, e => e.Off > 0);
        // One layer each: the matrix is the mean over prompts of the total drop.
        Tables.Close([expected.Average(e => e.Total)], [Tables.Get(result, "links").Rows[0][1]], 1e-4);
    }

    [Fact]
    public void CausalLinks_WhereEveryActiveFeatureFallsSilent_SpeakOfNoDrop()
    {
        EncodedPrompt prompt = new(0, AnalysisBench.Prompt("p", "doors"), true, []);

        AnalysisOutput output = CausalLinksAnalysis.Describe("first", "second", [new PromptLink(prompt, LinkMeasure.Of([1, 2], [0, 0]))], [], [], [], []);

        Assert.Contains("none still fires", output.Findings[0], StringComparison.Ordinal);
        Assert.DoesNotContain("drop by", output.Findings[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task BosClamp_SetsTheFeaturesAtTheFirstTokenAlone()
    {
        AnalysisRequest request = EveryAnalysisTests.Request("bos-clamp");
        AnalysisResult result = await bench.RunAsync("bos-clamp", request);
        AnalysisTable responses = Tables.Get(result, "responses"), clamps = Tables.Get(result, "clamps");

        var expected = await bench.OnModelAsync(m => new[] { "tell a story", "cook" }.SelectMany(p => new Intervention[][] { [], [Clamp(2)], [Clamp(20)] }.Select(edits =>
            (P: m.P(m.Ids(p), edits), Text: m.Model.Tokenizer!.Decode(m.Continue(m.Ids(p), 6, edits).Where(i => i < 256))))).ToArray());
        double[] moved = await bench.OnModelAsync(m => new Intervention[][] { [], [Clamp(2)], [Clamp(20)] }.Select(edits =>
        {
            float[] plain = m.Run(m.Ids("cook")).Residuals![4], edited = m.Run(m.Ids("cook"), edits).Residuals![4];
            return Math.Sqrt(Enumerable.Range(0, TinyChat.Width).Sum(d => Math.Pow(edited[d] - plain[d], 2)) / Enumerable.Range(0, TinyChat.Width).Sum(d => plain[d] * (double)plain[d]));
        }).ToArray());

        Assert.Equal(["baseline", "2", "20", "baseline", "2", "20"], responses.Column("clamp").Select(c => c.Text));
        Tables.Close(expected.Select(e => e.P), responses.Column("P(\"I\")"), 1e-5);
        Assert.Equal(expected.Select(e => e.Text), responses.Column("response").Select(c => c.Text));
        Tables.Close(moved, clamps.Column("change of the first token"), 1e-4);
        Assert.True(moved[1] > 0.01 && moved[2] > moved[1]);

        Intervention Clamp(double value) => Intervention.Clamp(request.Features, value, TokenScope.Bos);
    }

    [Fact]
    public async Task DoseResponse_SweepsPKlAndVerdicts()
    {
        AnalysisRequest request = EveryAnalysisTests.Request("dose-response");
        AnalysisTable doses = Tables.Get(await bench.RunAsync("dose-response", request), "doses");

        var expected = await bench.OnModelAsync(m => (from dose in new[] { 0.0, 1, 2 }
                                                      from prompts in new[] { request.Harmful!, request.Harmless! }
                                                      let edit = Intervention.Scale(request.Features, dose, TokenScope.AllButFirst)
                                                      select (P: prompts.Items.Average(p => m.P(m.Ids(p), edit)), Kl: prompts.Items.Average(p => m.Kl(m.Ids(p), edit)))).ToArray());

        Assert.Equal([0.0, 0, 1, 1, 2, 2], doses.Column("dose").Select(c => c.Number!.Value));
        Tables.Close(expected.Select(e => e.P), doses.Column("mean P(\"I\")"), 1e-4);
        Tables.Close(expected.Select(e => e.Kl), doses.Column("mean KL"), 1e-4);
        Assert.Equal(0, doses.Column("mean KL")[2].Number!.Value, 9);
        Assert.All(doses.Rows, r => Assert.Equal(2, r.Skip(5).Sum(c => c.Number)));
    }

    [Fact]
    public async Task DoseResponse_ByMaximum_OfAModelWithoutStatistics_SaysWhatToDo()
    {
        AnalysisRequest request = AnalysisBench.Request(1, 1) with { Settings = AnalysisBench.Settings(new { operation = "clampToMaximum" }) };

        PipelineException error = await Assert.ThrowsAsync<PipelineException>(() => bench.RunAsync("dose-response", request));

        Assert.Contains("use the operation scale or clamp", error.Message, StringComparison.Ordinal);
    }
}
