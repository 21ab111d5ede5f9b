using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Controls;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>What control sets are drawn from.</summary>
public sealed class ControlDrawsTests
{
    private const int Count = 1000;

    [Theory]
    [InlineData(ControlKind.MatchedActivity)]
    [InlineData(ControlKind.MatchedNorm)]
    public void Draw_ForASilentFeature_ReachesAllSilentOnes(ControlKind kind)
    {
        int[] drawn = Drawn(500, kind, new LayerActivity(new int[Count], new double[Count]), 200);

        Assert.True(drawn.Distinct().Count() > 150, $"{drawn.Distinct().Count()} of 200 draws differ");
        Assert.Contains(drawn, i => i > 900);
    }

    [Theory]
    [InlineData(ControlKind.MatchedActivity)]
    [InlineData(ControlKind.MatchedNorm)]
    public void Draw_KeepsTheShareOfNearNeighbours_HoweverManyFartherOnesTie(ControlKind kind)
    {
        int[] tokens = [.. Enumerable.Range(0, Count).Select(i => i < 5 ? 10 : 0)];

        int[] drawn = Drawn(0, kind, new LayerActivity(tokens, [.. tokens.Select(t => (double)t)]), 400);

        // Four of the nearest twenty are as active; 80 of 400 draws are expected, with a deviation of 8.
        Assert.InRange(drawn.Count(i => i < 5), 48, 112);
        Assert.DoesNotContain(0, drawn);
    }

    [Fact]
    public void Draw_MatchedActivity_TakesNoFartherOneThanTheTwentiethNeighbour()
    {
        int[] drawn = Drawn(500, ControlKind.MatchedActivity, new LayerActivity([.. Enumerable.Range(0, Count)], new double[Count]), 300);

        Assert.All(drawn, i => Assert.InRange(i, 490, 510));
    }

    [Fact]
    public void Draw_OfActiveFeatures_TakesThoseOfThePrompt_AsManyOfEachLayerAsTheSetHas()
    {
        ControlDraws draws = new(new[] { 2, 3 }.ToDictionary(l => l, _ => new LayerActivity([.. Enumerable.Repeat(1, Count)], new double[Count])));
        Dictionary<int, int[]> here = new() { [2] = [1, 5, 6, 7], [3] = [8, 9] };
        FeatureId[] own = [new(2, 5), new(2, 500), new(3, 8)];

        ImmutableArray<FeatureId>[] drawn = [.. Enumerable.Range(0, 50).Select(seed => draws.Draw(own, ControlKind.Active, new SeededRandom(seed), here))];

        Assert.Null(draws.TooFewAt(own, ControlKind.Active, here));
        Assert.All(drawn, d => Assert.Equal(3, d.Distinct().Count()));
        Assert.Equal([1, 6, 7], drawn.SelectMany(d => d.Take(2)).Select(f => f.Index).Distinct().Order());
        Assert.All(drawn, d => Assert.Equal(new FeatureId(3, 9), d[2]));
        Assert.Equal(3, draws.TooFewAt([.. own, new(3, 10)], ControlKind.Active, here));
    }

    [Fact]
    public void Plan_LeavesOutAKindThatFailsOnMostPrompts_AndElseThePromptsThatItFailsOn()
    {
        ControlPlan plan = ControlPlan.Of(4, (prompt, kind) => (kind, prompt) switch
        {
            (ControlKind.Active, > 0) => 2,
            (ControlKind.MatchedNorm, 3) => 7,
            _ => null,
        });

        Assert.Equal([ControlKind.Random, ControlKind.MatchedActivity, ControlKind.MatchedNorm], plan.Kinds);
        Assert.Equal([0, 1, 2], plan.Prompts);
        Assert.Equal(2, plan.Notes.Length);
        Assert.Throws<PipelineException>(() => ControlPlan.Of(4, (_, _) => 2));
    }

    [Fact]
    public void Describe_CountsPromptsWhoseProbabilityFallsToOneHalfOrBelow()
    {
        ControlPlan plan = new([ControlKind.Random, ControlKind.Active], [0, 1, 2], ["a note"]);
        ControlledPrompt[] prompts = [Prompt(0.9, 0.1, 0.9, 0.8, 0.4, 0.7), Prompt(0.8, 0.5, 0.9, 0.2, 0.1, 0.9), Prompt(0.3, 0.1, 0.9, 0.1, 0.1, 0.1)];

        AnalysisOutput output = ControlsTables.Describe("the set", plan, prompts, []);

        AnalysisTable controls = output.Tables.Single(t => t.Id == "controls");
        Assert.Equal(2, Tables.Number(controls, "random", "set's own flips"));
        Assert.Equal(0.5, Tables.Number(controls, "random", "flips, mean"));
        Assert.Equal([0.0, 1, 2, 0], output.Tables.Single(t => t.Id == "draws").Column("flips").Select(c => c.Number!.Value));
        Assert.Contains(output.Findings, f => f.Contains("2 of 2 prompts with the set ablated", StringComparison.Ordinal));
        Assert.Contains("a note", output.Findings);

        static ControlledPrompt Prompt(double without, double own, params ImmutableArray<double> draws) =>
            new(new EncodedPrompt(0, AnalysisBench.Prompt("p", "doors"), true, []), 3, without, own, 1, [.. draws]);
    }

    private static int[] Drawn(int feature, ControlKind kind, LayerActivity activity, int draws)
    {
        ControlDraws control = new(new Dictionary<int, LayerActivity> { [2] = activity });
        return [.. Enumerable.Range(0, draws).Select(seed => control.Draw([new FeatureId(2, feature)], kind, new SeededRandom(seed))[0].Index)];
    }
}
