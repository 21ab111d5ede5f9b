using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Analyses.LinearProbe;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>The machine against the probe: who learns from what, and what is ablated.</summary>
public sealed class LearningTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    [Fact]
    public async Task LinearProbe_AblatesTheTopKByWeight_OnPromptsThatItDidNotLearnFrom()
    {
        AnalysisRequest request = EveryAnalysisTests.Request("linear-probe");
        AnalysisResult result = await bench.RunAsync("linear-probe", request);

        AnalysisPrompt[] attacked = [.. new[] { 0, 6, 12, 18 }.Select(i => request.Harmful!.Items[i])];
        Assert.Equal(attacked.Select(p => p.Instruction), result.Output.Responses.Select(r => r.Prompt).Distinct());

        double[] expected = await bench.OnModelAsync(m =>
        {
            FeatureId[] ranking = Ranking(m, request, attacked);
            return new[] { 3, 8 }.Select(k => attacked.Average(p => m.P(m.Ids(p), Literal.Ablate(ranking.Take(k))))).ToArray();
        });
        Tables.Close(expected, Tables.Get(result, "rankings").Rows.Where(r => r[0].Text == "linear probe").Select(r => r[7]), 1e-4);
    }

    [Fact]
    public async Task LinearProbe_OfFewPrompts_SaysHowManyItNeeds()
    {
        PipelineException error = await Assert.ThrowsAsync<PipelineException>(() => bench.RunAsync("linear-probe", AnalysisBench.Request(4, 30)));

        Assert.Contains("4 harmful", error.Message, StringComparison.Ordinal);
        Assert.Contains("at least 20", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LinearProbe_CountsOnlyPromptsThatAreRefusedWithoutAnEdit()
    {
        JudgedResponse[] responses =
        [
            Response("refused, then flipped", "no ablation", VerdictKind.Refused), Response("refused, then flipped", "linear probe, K = 3", VerdictKind.Complied),
            Response("refused still", "no ablation", VerdictKind.Refused), Response("refused still", "linear probe, K = 3", VerdictKind.Refused),
            Response("answered anyway", "no ablation", VerdictKind.Complied), Response("answered anyway", "linear probe, K = 3", VerdictKind.Complied),
        ];

        AnalysisOutput output = LinearProbeAnalysis.Describe(["linear probe"], [3], [.. responses], [], 0, null);

        Assert.Contains("some K flips 1 of 2 held-out prompts", string.Join('\n', output.Findings), StringComparison.Ordinal);
        Assert.Contains("1 of 3 held-out prompts", output.Findings[0], StringComparison.Ordinal);
        AnalysisTable rankings = output.Tables.Single(t => t.Id == "rankings");
        Assert.Equal(2, Tables.Number(rankings, "linear probe", "prompts"));
        Assert.Equal(0.5, Tables.Number(rankings, "linear probe", "attack success"));
    }

    [Fact]
    public async Task LinearProbe_LearnsFromLayersUpToTheDirections()
    {
        AnalysisRequest request = EveryAnalysisTests.Request("linear-probe") with { Direction = AnalysisBench.EarlyDirection };

        AnalysisResult result = await bench.RunAsync("linear-probe", request);

        Assert.Equal([2], result.Output.Layers);
    }

    private static JudgedResponse Response(string prompt, string arm, VerdictKind verdict) =>
        new() { Arm = arm, Prompt = prompt, Harmful = true, Text = "", Verdict = new Verdict(verdict, "human") };

    private static FeatureId[] Ranking(Literal m, AnalysisRequest request, AnalysisPrompt[] attacked)
    {
        InteractionDatasetBuilder data = new(new InteractionDatasetSettings { LastTokens = 4, Seed = request.Seed });
        foreach ((AnalysisPrompt prompt, bool harmful) in request.Harmful!.Items.Except(attacked).Select(p => (p, true)).Concat(request.Harmless!.Items.Select(p => (p, false))))
        {
            ImmutableArray<int> ids = m.Ids(prompt);
            var rows = new[] { 2, 3 }.Select(layer => (layer, Acts: m.Model.Activations(PromptRow.Plain(ids), layer))).ToArray();
            data.Add(harmful, [.. Enumerable.Range(ids.Length - 4, 4).Select(t => rows.SelectMany(r => Enumerable.Range(0, TinyChat.Features)
                .Select(f => new ActiveFeature(new FeatureId(r.layer, f), r.Acts[(t * TinyChat.Features) + f])).Where(a => a.Activation > 0)).ToList())]);
        }
        FactorizationMachineResult probe = FactorizationMachineTrainer.Train(
            data.Build(), new FactorizationMachineSettings { EmbeddingSize = 0, Epochs = 3, Seed = request.Seed });
        return [.. Enumerable.Range(0, probe.Model.Features.Length).OrderByDescending(i => Math.Abs(probe.Model.Weight(i))).Select(i => probe.Model.Features[i])];
    }
}
