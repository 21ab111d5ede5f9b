using System.Diagnostics;
using System.Globalization;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Cli.Commands;

/// <summary>A study's progress on the log: a line when the stage changes, and one every few seconds.</summary>
internal sealed class StudyLog(CommandContext context) : IProgress<StudyEvent>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private StudyStage? _stage;

    public void Report(StudyEvent value)
    {
        if (value is not StudyEvent.Progressed { Progress: var p } || (p.Stage == _stage && _sinceLine.Elapsed < Every))
            return;
        _stage = p.Stage;
        _sinceLine.Restart();
        context.Log(Line(p));
    }

    /// <summary>One line of progress.</summary>
    internal static string Line(StudyProgress p)
    {
        string rate = p.PerMinute is { } perMinute ? string.Create(CultureInfo.InvariantCulture, $", {perMinute:0.#} a minute") : "";
        string left = p.Remaining is { } remaining ? $", {Show(remaining)} left" : "";
        return $"stage {p.StageNumber}/{p.StageCount} {p.Stage.ToString().ToLowerInvariant()}: {p.Done} of {p.Total}{rate}{left}{(p.What.Length > 0 ? $" · {p.What}" : "")}";
    }

    private static string Show(TimeSpan time) => time.TotalMinutes >= 60
        ? $"{(int)time.TotalHours} h {time.Minutes} min"
        : time.TotalSeconds >= 60 ? $"{(int)time.TotalMinutes} min {time.Seconds} s" : $"{(int)time.TotalSeconds} s";
}
