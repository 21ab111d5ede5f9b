using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Directions;

public class DirectionTests
{
    private static readonly ImmutableArray<int>[] Harmful = [[0, 1, 2], [3, 1, 4], [5, 5, 1, 1]];
    private static readonly ImmutableArray<int>[] Harmless = [[2, 2, 0], [4, 0, 0, 3]];
    private readonly LinearModel _model = new();

    [Fact]
    public void Compute_AnyBatchSize_EqualsTheMeansTakenOneByOne()
    {
        MeanDifferences whole = MeanDifferences.Compute(_model, Harmful, Harmless, positions: 2);
        MeanDifferences single = MeanDifferences.Compute(_model, Harmful, Harmless, positions: 2, batchSize: 1);
        Assert.Equal(whole.Values.ToArray(), single.Values.ToArray());
        foreach (int position in new[] { -2, -1 })
        {
            for (int layer = 0; layer < _model.Layers; layer++)
            {
                double Mean(ImmutableArray<int>[] prompts, int d) => prompts
                    .Average(p => (double)_model.BlockInputs([p], 2, default)[0][layer][((2 + position) * _model.ModelDim) + d]);
                double[] literal = [.. Enumerable.Range(0, _model.ModelDim).Select(d => Mean(Harmful, d) - Mean(Harmless, d))];
                Assert.All(literal.Zip(whole.At(position, layer).ToArray()), x => Assert.Equal(x.First, x.Second, 1e-12));
            }
        }
    }

    [Fact]
    public void Compute_PromptShorterThanTheTemplatesEnd_NamesThePrompt()
    {
        PipelineException e = Assert.Throws<PipelineException>(() => MeanDifferences.Compute(_model, Harmful, Harmless, positions: 4));
        Assert.Equal("direction: harmful prompt 1 has 3 tokens; expected at least the 4 end-of-instruction tokens", e.Message);
    }

    [Fact]
    public void Score_OneCandidate_IsTheMeanOfTheSinglePromptScores()
    {
        MeanDifferences differences = MeanDifferences.Compute(_model, Harmful, Harmless, 2);
        DirectionScores scores = DirectionScorer.Score(_model, differences, Harmful, Harmless, new() { BatchSize = 2 });
        Assert.Equal(2 * _model.Layers, scores.Candidates.Length);
        Assert.Equal((-2, 0), (scores.Candidates[0].Position, scores.Candidates[0].Layer));

        DirectionCandidate candidate = scores.Candidates.Single(c => c is { Position: -1, Layer: 2 });
        RefusalDirection direction = differences.Direction(-1, 2, "test");
        float[] Logits(ImmutableArray<int> p, params Intervention[] edits) => _model.LastLogits([new PromptRow(p, InterventionSet.Of(edits))], default)[0];
        double Score(ImmutableArray<int> p, params Intervention[] edits) => RefusalScore.FromLogits(Logits(p, edits), [1]);
        Intervention without = Intervention.ProjectOut(direction.Vector, TokenScope.All);
        Assert.Equal(Harmful.Average(p => Score(p, without)), candidate.Bypass, 1e-9);
        Assert.Equal(Harmless.Average(p => Score(p, Intervention.Add(direction.Vector, 1, 2, TokenScope.All))), candidate.Induce, 1e-9);
        Assert.Equal(Harmless.Average(p => DirectionScorer.KlDivergence(Logits(p), Logits(p, without))), candidate.Kl, 1e-9);
        Assert.Equal(Harmful.Average(p => Score(p)), scores.BaselineHarmful, 1e-9);
        Assert.All(_model.BatchSizes, n => Assert.InRange(n, 1, 3));
    }

    [Fact]
    public void Score_ZeroDifference_IsACandidateWithoutScores()
    {
        MeanDifferences zero = new(1, _model.Layers, _model.ModelDim, new double[_model.Layers * _model.ModelDim]);
        DirectionScores scores = DirectionScorer.Score(_model, zero, Harmful, Harmless, new() { Layers = [1] });
        Assert.True(double.IsNaN(Assert.Single(scores.Candidates).Bypass));
    }

    [Fact]
    public void KlDivergence_SimpleDistributions_IsAsByHand()
    {
        Assert.Equal(0, DirectionScorer.KlDivergence([1f, 2f], [1f, 2f]), 1e-12);
        // (1/2, 1/2) against (1/4, 3/4).
        double expected = (0.5 * Math.Log(0.5 / 0.25)) + (0.5 * Math.Log(0.5 / 0.75));
        Assert.Equal(expected, DirectionScorer.KlDivergence([0f, 0f], [0f, (float)Math.Log(3)]), 1e-5);
    }

    [Fact]
    public void Direction_FromHookPost_IsTheNextBlocksInput()
    {
        RefusalDirection direction = RefusalDirection.Create([3f, 4f], "blocks.15.hook_resid_post", -1, "test");
        Assert.Equal(("blocks.16.hook_resid_pre", 16, 5.0), (direction.HookName, direction.Block, direction.Norm));
        Assert.Equal([0.6f, 0.8f], direction.Unit);
    }

    [Fact]
    public void DirectionId_ChangesWithVectorHookAndPosition_AndNothingElse()
    {
        string Id(float x, int block, int position, string source) => RefusalDirection.Create([x, 1f], $"blocks.{block}.hook_resid_pre", position, source).Id;
        string id = Id(1, 2, -1, "a");
        Assert.Equal(id, Id(1, 2, -1, "b"));
        Assert.Equal(4, new[] { id, Id(1.0000001f, 2, -1, "a"), Id(1, 3, -1, "a"), Id(1, 2, -2, "a") }.Distinct().Count());
    }

    [Theory]
    [InlineData(0f, "blocks.1.hook_resid_pre", -1, "the vector is zero")]
    [InlineData(float.NaN, "blocks.1.hook_resid_pre", -1, "expected finite numbers")]
    [InlineData(1f, "blocks.1.attn.hook_z", -1, "expected blocks.<l>.hook_resid_pre")]
    [InlineData(1f, "blocks.1.hook_resid_pre", 0, "expected a negative number")]
    public void Direction_BadInput_SaysWhatIsWrong(float value, string hook, int position, string message) =>
        Assert.Contains(message, Assert.Throws<PipelineException>(() => RefusalDirection.Create([value], hook, position, "test")).Message, StringComparison.Ordinal);
}
