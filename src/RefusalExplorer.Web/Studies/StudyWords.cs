using System.Globalization;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>Words of studies on pages.</summary>
public static class StudyWords
{
    /// <summary>Where a study stands.</summary>
    public static string Of(StudyStatus status) => status switch
    {
        StudyStatus.Queued => "queued",
        StudyStatus.Running => "running",
        StudyStatus.Finished => "finished",
        StudyStatus.Failed => "failed",
        _ => "stopped",
    };

    /// <summary>Class of its chip.</summary>
    public static string Chip(StudyStatus status) => status switch
    {
        StudyStatus.Finished => "ok",
        StudyStatus.Failed => "bad",
        StudyStatus.Stopped => "warn",
        _ => "",
    };

    /// <summary>A stage.</summary>
    public static string Of(StudyStage stage) => stage switch
    {
        StudyStage.Direction => "Stage 1, direction",
        StudyStage.Candidates => "Stage 1, candidates",
        StudyStage.Prune => "Stage 2, pruning",
        _ => "Stage 3, interactions",
    };

    /// <summary>How far a prompt came.</summary>
    public static string Of(PromptOutcome outcome) => outcome switch
    {
        PromptOutcome.NotRefused => "not refused",
        PromptOutcome.Refused => "waits",
        PromptOutcome.NotFlipped => "no K flips it",
        PromptOutcome.Flipped => "flipped",
        PromptOutcome.Lost => "lost in pruning",
        _ => "minimal set",
    };

    /// <summary>What that means.</summary>
    public static string Explain(PromptOutcome outcome) => outcome switch
    {
        PromptOutcome.NotRefused => "The model does not refuse it without edits, so it is left out.",
        PromptOutcome.Refused => "Refused; the sweep over K has not come to it, or not to its end.",
        PromptOutcome.NotFlipped => "No K of the sweep turns the refusal into an answer.",
        PromptOutcome.Flipped => "The candidates of some K flip it; pruning has not come to it.",
        PromptOutcome.Lost => "The candidates flip it, but no threshold's pruned set does.",
        _ => "Ablating its minimal set turns the refusal into an answer.",
    };

    /// <summary>Class of its chip.</summary>
    public static string Chip(PromptOutcome outcome) => outcome switch
    {
        PromptOutcome.Minimal => "ok",
        PromptOutcome.Lost or PromptOutcome.NotFlipped => "warn",
        _ => "",
    };

    /// <summary>What is ablated in an arm.</summary>
    public static string Of(StudyArm arm) => arm switch
    {
        StudyArm.Baseline => "nothing (baseline)",
        StudyArm.Directional => "the direction (upper bound)",
        StudyArm.Candidates => "top-K candidates",
        StudyArm.Minimal => "minimal set",
        StudyArm.RandomControl => "random set of the same size",
        StudyArm.Exact => "proven set (leave-one-out)",
        StudyArm.ActiveMinimal => "active minimal features",
        StudyArm.Interactions => "active minimal and Stage 3's",
        _ => "Stage 3's features alone",
    };

    /// <summary>Whether a study has figures of candidates or of pruning: before that there are none, not even 0.</summary>
    public static bool Reached(StudyResult result, StudyStage stage) =>
        result.Completed >= stage || result.Rates.Any(r => r.Arm == (stage == StudyStage.Candidates ? StudyArm.Candidates : StudyArm.Minimal));

    /// <summary>Prompts with a minimal set, of those refused; a dash before the first was pruned.</summary>
    public static string Minimal(StudyResult result) => Reached(result, StudyStage.Prune) ? Of(result.Funnel.Minimal, result.Funnel.Refused) : "–";

    /// <summary>Stands where nothing of a stage is to be seen: what is waited for, or that the study ends before.</summary>
    public static string Awaiting(StudyDefinition study, StudyStage stage, string waiting) => study.Through >= stage ? waiting : stage switch
    {
        StudyStage.Interactions => "This study ends before Stage 3.",
        StudyStage.Prune => "This study ends before Stage 2.",
        _ => "This study ends with the direction.",
    };

    /// <summary>Rate and remaining time: "14 a minute · 2 min 5 s left in this stage".</summary>
    public static string Pace(StudyProgress p)
    {
        string count = string.Create(CultureInfo.InvariantCulture, $"{p.Done} of {p.Total} pieces");
        string rate = p.PerMinute is { } perMinute ? string.Create(CultureInfo.InvariantCulture, $" · {perMinute:0.#} a minute") : "";
        return count + rate + (p.Remaining is { } left ? $" · {Of(left)} left in this stage" : "");
    }

    /// <summary>Share of the stage that is done.</summary>
    public static double? Fraction(StudyProgress p) => p.Total > 0 ? (double)p.Done / p.Total : null;

    /// <summary>A time.</summary>
    public static string Of(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (int)time.TotalSeconds)} s"),
    };

    /// <summary>A prompt's name: its 1-based place.</summary>
    public static string Prompt(int index) => string.Create(CultureInfo.InvariantCulture, $"#{index + 1}");

    /// <summary>So many studies.</summary>
    public static string Of(int studies) => string.Create(CultureInfo.InvariantCulture, $"{studies} {(studies == 1 ? "study" : "studies")}");

    /// <summary>A number with its noun: "1 feature", "22 features".</summary>
    public static string Count(int n, string noun) => string.Create(CultureInfo.InvariantCulture, $"{n} {noun}{(n == 1 ? "" : "s")}");

    /// <summary>A share with its numbers: "17 of 20".</summary>
    public static string Of(int part, int all) => string.Create(CultureInfo.InvariantCulture, $"{part} of {all}");
}
