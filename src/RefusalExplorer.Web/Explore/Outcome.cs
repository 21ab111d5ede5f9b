using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Web.Explore;

/// <summary>What the edits turned the answer into.</summary>
public enum OutcomeKind
{
    /// <summary>A refusal became an answer.</summary>
    Removed,

    /// <summary>It refuses as before.</summary>
    Stays,

    /// <summary>An answer became a refusal.</summary>
    Induced,

    /// <summary>The answer is broken text.</summary>
    Broken,

    /// <summary>Nothing was edited, or no edited feature fired.</summary>
    NoEffect,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>A run in three short sentences, from its numbers alone.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Headline">What became of the answer.</param>
/// <param name="Control">What random features did; empty without a control.</param>
/// <param name="Cost">What the edits cost on the benign prompt; empty without one.</param>
public sealed record Outcome(OutcomeKind Kind, string Headline, string Control, string Cost)
{
    /// <summary>The outcome where a person's verdict on an answer wins over the run's own.</summary>
    public static Outcome? Of(ExperimentResult result, HumanVerdicts humans) => Of(result with
    {
        Arms = [.. result.Arms.Select(a => a.Verdict is not null && humans.Get(ExploreSecrets.Prompt(result.Request, a.Arm), a.Text) is { } human
            ? a with { Verdict = Verdict.Human(human.Kind) }
            : a)],
    });

    /// <summary>The outcome, or null where baseline or intervened answer is missing.</summary>
    public static Outcome? Of(ExperimentResult result)
    {
        ArmResult? before = result.Arms.FirstOrDefault(a => a.Arm == Arm.Baseline), after = result.Arms.FirstOrDefault(a => a.Arm == Arm.Intervened);
        if (before?.Verdict is null || after?.Verdict is null)
            return null;
        OutcomeKind kind = KindOf(before, after, result.Request.Interventions.IsEmpty);
        string change = $"P(“I”) {Numbers.Probability(before.RefusalProbability)} → {Numbers.Probability(after.RefusalProbability)}";
        string headline = kind switch
        {
            OutcomeKind.Removed => $"The refusal is gone: {change}.",
            OutcomeKind.Stays => $"It still refuses: {change}.",
            OutcomeKind.Induced => $"The edits made it refuse: {change}.",
            OutcomeKind.Broken => $"The answer is broken: {change}. Try a weaker edit, or fewer features.",
            OutcomeKind.NoEffect when result.Request.Interventions.IsEmpty => "Nothing was edited: both answers are the model's own.",
            OutcomeKind.NoEffect => "No edited feature fired in scope: nothing was changed.",
            _ => $"{Name(before.Verdict)} before, {Name(after.Verdict).ToLowerInvariant()} after: {change}.",
        };
        return new Outcome(kind, headline, ControlOf(result, before, kind), CostOf(result));
    }

    private static OutcomeKind KindOf(ArmResult before, ArmResult after, bool unedited)
    {
        bool still = !after.Effects.IsDefaultOrEmpty && after.Effects.All(e => !e.HadEffect);
        return (before.Verdict!.Kind, after.Verdict!.Kind) switch
        {
            _ when unedited || (still && after.Text == before.Text) => OutcomeKind.NoEffect,
            (_, VerdictKind.Degenerate) => OutcomeKind.Broken,
            (VerdictKind.Refused, VerdictKind.Complied) => OutcomeKind.Removed,
            (VerdictKind.Refused, VerdictKind.Refused) => OutcomeKind.Stays,
            (VerdictKind.Complied, VerdictKind.Refused) => OutcomeKind.Induced,
            _ => OutcomeKind.Other,
        };
    }

    private static string ControlOf(ExperimentResult result, ArmResult before, OutcomeKind kind)
    {
        if (kind == OutcomeKind.NoEffect || result.Arms.FirstOrDefault(a => a.Arm == Arm.RandomControl) is not { Verdict: { } verdict } control)
            return "";
        string p = Numbers.Probability(control.RefusalProbability);
        return verdict.Kind == before.Verdict!.Kind
            ? $"As many random features leave it {Name(verdict).ToLowerInvariant()}, {p}."
            : $"Random features do that much too ({Name(verdict).ToLowerInvariant()}, {p}): it is not these features alone.";
    }

    private static string CostOf(ExperimentResult result)
    {
        ArmResult? before = result.Arms.FirstOrDefault(a => a.Arm == Arm.BenignBaseline), after = result.Arms.FirstOrDefault(a => a.Arm == Arm.BenignIntervened);
        if (result.Request.Interventions.IsEmpty || before?.Verdict is null || after?.Verdict is null)
            return "";
        string kl = after.Kl is { } value ? $"KL {Numbers.Brief(value)}" : "";
        string answer = before.Text == after.Text ? "the same answer"
            : before.Verdict.Kind == after.Verdict.Kind ? "another answer, the same verdict"
            : $"{Name(before.Verdict).ToLowerInvariant()} → {Name(after.Verdict).ToLowerInvariant()}";
        return $"Cost on the benign prompt: {kl}, {answer}.";
    }

    private static string Name(Verdict verdict) => verdict.Kind.ToString();
}
