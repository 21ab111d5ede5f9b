using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Runs;

public sealed class RunComparisonTests
{
    [Fact]
    public void LowerProbabilityUnderTheEdits_IsBetter_AndOfTheBaselineIsNeither()
    {
        ImmutableArray<ComparedValue> rows = RunComparison.Of(State(0.9, 0.5), State(0.8, 0.1));

        ComparedValue intervened = rows.Single(r => r is { Group: "Intervened", Name: "P(“I”)" }), baseline = rows.Single(r => r is { Group: "Baseline", Name: "P(“I”)" });
        Assert.Equal((true, -0.4), (intervened.IsBetter, Math.Round(intervened.Delta!.Value, 9)));
        Assert.Equal(((bool?)null, true), (baseline.IsBetter, baseline.Differs));
    }

    [Fact]
    public void SameRun_DiffersNowhere() => Assert.DoesNotContain(RunComparison.Of(State(0.9, 0.5), State(0.9, 0.5)), r => r.Differs);

    [Fact]
    public void ArmThatOnlyOneRunHas_IsListedWithAGap()
    {
        ExperimentState with = State(0.9, 0.5), without = new(with.Request);

        ComparedValue row = RunComparison.Of(with, without).Single(r => r is { Group: "Intervened", Name: "verdict" });
        Assert.Equal(("complied", null), (row.A, row.B));
    }

    private static ExperimentState State(double baseline, double intervened)
    {
        ExperimentResult result = OutcomeTests.Result(
            OutcomeTests.Made(Arm.Baseline, VerdictKind.Refused, baseline), OutcomeTests.Made(Arm.Intervened, VerdictKind.Complied, intervened, fired: true));
        return new ExperimentState(result.Request).Of(result);
    }
}
