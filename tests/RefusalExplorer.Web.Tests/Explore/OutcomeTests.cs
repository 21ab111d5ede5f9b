using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Tests.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class OutcomeTests
{
    private static readonly FeatureId Feature = new(3, 17);

    [Fact]
    public void RefusalThatBecomesAnAnswer_IsRemoved_AndTheControlSaysThatItIsTheseFeatures()
    {
        Outcome outcome = Outcome.Of(Result(
            Made(Arm.Baseline, VerdictKind.Refused, 0.9), Made(Arm.Intervened, VerdictKind.Complied, 0.01, fired: true), Made(Arm.RandomControl, VerdictKind.Refused, 0.88)))!;

        Assert.Equal(OutcomeKind.Removed, outcome.Kind);
        Assert.Contains("0.900 → 0.010", outcome.Headline, StringComparison.Ordinal);
        Assert.Contains("leave it refused, 0.880", outcome.Control, StringComparison.Ordinal);
    }

    [Fact]
    public void ControlThatDoesAsMuch_TakesTheCreditAway()
    {
        Outcome outcome = Outcome.Of(Result(
            Made(Arm.Baseline, VerdictKind.Refused, 0.9), Made(Arm.Intervened, VerdictKind.Complied, 0.01, fired: true), Made(Arm.RandomControl, VerdictKind.Complied, 0.02)))!;

        Assert.Contains("not these features alone", outcome.Control, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VerdictKind.Refused, VerdictKind.Refused, OutcomeKind.Stays)]
    [InlineData(VerdictKind.Refused, VerdictKind.Degenerate, OutcomeKind.Broken)]
    [InlineData(VerdictKind.Complied, VerdictKind.Refused, OutcomeKind.Induced)]
    [InlineData(VerdictKind.Complied, VerdictKind.Complied, OutcomeKind.Other)]
    [InlineData(VerdictKind.Unclear, VerdictKind.Refused, OutcomeKind.Other)]
    public void Kind_FollowsTheVerdicts(VerdictKind before, VerdictKind after, OutcomeKind expected) =>
        Assert.Equal(expected, Outcome.Of(Result(Made(Arm.Baseline, before, 0.5), Made(Arm.Intervened, after, 0.5, fired: true)))!.Kind);

    [Fact]
    public void EditsThatNeverFired_HaveNoEffect_WhateverTheVerdict() =>
        Assert.Equal(OutcomeKind.NoEffect, Outcome.Of(Result(Made(Arm.Baseline, VerdictKind.Complied, 0.1), Made(Arm.Intervened, VerdictKind.Complied, 0.1, fired: false)))!.Kind);

    [Fact]
    public void Cost_NamesKlAndWhetherTheBenignAnswerChanged()
    {
        ArmResult benign = Made(Arm.BenignBaseline, VerdictKind.Complied, 0.1);
        Outcome outcome = Outcome.Of(Result(
            Made(Arm.Baseline, VerdictKind.Refused, 0.9), Made(Arm.Intervened, VerdictKind.Complied, 0.01, fired: true),
            benign, Made(Arm.BenignIntervened, VerdictKind.Degenerate, 0.1) with { Kl = 0.5, Text = "a a a a" }))!;

        Assert.Equal("Cost on the benign prompt: KL 0.5, complied → degenerate.", outcome.Cost);
    }

    [Fact]
    public void RunWithoutVerdicts_HasNoOutcome() =>
        Assert.Null(Outcome.Of(Result(Made(Arm.Baseline, VerdictKind.Refused, 0.9) with { Verdict = null }, Made(Arm.Intervened, VerdictKind.Complied, 0.1))));

    [Fact]
    public async Task VerdictOfAPerson_WinsOverTheRunsOwn_UntilItIsTakenBack()
    {
        var humans = new HumanVerdicts(new MemoryDocuments());
        ExperimentResult result = Result(Made(Arm.Baseline, VerdictKind.Refused, 0.9), Made(Arm.Intervened, VerdictKind.Complied, 0.01, fired: true) with { Text = "a a a" });
        await humans.SetAsync("Hello", "a a a", VerdictKind.Degenerate, "test", TestContext.Current.CancellationToken);

        Assert.Equal(OutcomeKind.Broken, Outcome.Of(result, humans)!.Kind);
        await humans.SetAsync("Hello", "a a a", null, "test", TestContext.Current.CancellationToken);
        Assert.Equal(OutcomeKind.Removed, Outcome.Of(result, humans)!.Kind);
    }

    internal static ArmResult Made(Arm arm, VerdictKind verdict, double p, bool? fired = null) => new()
    {
        Arm = arm,
        PromptTokens = [],
        RefusalProbability = p,
        Text = "some answer",
        Verdict = new Verdict(verdict, "test"),
        Effects = fired is { } f ? [new FeatureEffect(Feature, f ? 2 : 0, f ? 3 : 0, 0, f ? 1.5 : 0)] : [],
    };

    internal static ExperimentResult Result(params ArmResult[] arms) => new()
    {
        RunId = "r",
        Request = new ExperimentRequest { Model = "demo", Prompt = PromptSource.User("Hello"), Interventions = [Intervention.Ablate([Feature], TokenScope.All)] },
        Arms = [.. arms],
        Record = new RunRecord { AppVersion = "test", StartedAt = DateTimeOffset.UnixEpoch, Model = "demo", WeightsFingerprint = "none", Device = "cpu", Dtype = "float32" },
    };
}
