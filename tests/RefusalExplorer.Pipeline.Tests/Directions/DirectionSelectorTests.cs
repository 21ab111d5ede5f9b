using RefusalExplorer.Pipeline.Directions;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Directions;

public class DirectionSelectorTests
{
    private static DirectionScores Scores(params DirectionCandidate[] candidates) => new([.. candidates], 10, 5, -5);

    [Fact]
    public void ByReference_MixedCandidates_DiscardsByTheRuleAndTakesTheLeastBypass()
    {
        ReferenceSelection selection = DirectionSelectors.ByReference(Scores(
            new(-2, 3, -9, 1, 0.2), new(-2, 4, -8, -0.1, 0.0), new(-2, 8, -7, 1, 0.0), new(-2, 5, double.NaN, 1, 0.0),
            new(-1, 7, -3, 0, 0.1), new(-1, 2, -3, 5, 0.05), new(-1, 1, -2, 5, 0.05)));
        Assert.Equal((-1, 7), (selection.Best.Position, selection.Best.Layer));
        Assert.Equal(
            [DiscardReason.HighKl, DiscardReason.LowInduce, DiscardReason.LateLayer, DiscardReason.NotANumber, DiscardReason.None, DiscardReason.None, DiscardReason.None],
            selection.Discarded);
    }

    [Fact]
    public void ByReference_NothingLeft_CountsTheReasons()
    {
        PipelineException e = Assert.Throws<PipelineException>(() => DirectionSelectors.ByReference(Scores(new(-1, 9, 0, 1, 0), new(-1, 1, 0, 1, 1))));
        Assert.Contains("all 2 candidates are discarded (1 in the last layers, 1 with KL > 0.1, 0 with induce < 0, 0 without a score)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ByAttackSuccessRate_FinalToken_TakesTheFirstBestLayer()
    {
        MeanDifferences differences = new(2, 4, 1, [9, 9, 9, 9, 0, 1, 2, 3]);
        AppendixSelection selection = DirectionSelectors.ByAttackSuccessRate(differences, d => d.Vector[0] >= 2 ? 0.75 : 0.5);
        Assert.Equal(2, selection.Layer);
        Assert.Equal([double.NaN, 0.5, 0.75, 0.75], selection.AttackSuccessRates);
    }

    [Fact]
    public void ByAttackSuccessRate_NoDifferenceAnywhere_IsAnError() =>
        Assert.Throws<PipelineException>(() => DirectionSelectors.ByAttackSuccessRate(new(1, 2, 1, [0, 0]), _ => 1));
}
