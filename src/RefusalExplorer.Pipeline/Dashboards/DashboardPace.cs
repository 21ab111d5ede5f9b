using System.Globalization;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>How fast a pass is and how long it still takes. What an earlier pass had read counts for no speed, nor does loading the model. Not thread-safe.</summary>
public sealed class DashboardPace(TimeProvider time)
{
    // Of the whole pass: less of it tells nothing yet.
    private const double Least = 0.003;
    private (DateTimeOffset At, double Fraction)? _start;
    private (string Phase, DateTimeOffset At, long Done)? _phase;

    /// <summary>Tokens or features a second in this phase, or null before two reports of it.</summary>
    public double? PerSecond { get; private set; }

    /// <summary>Time until the pass ends, or null before it can be told.</summary>
    public TimeSpan? Remaining { get; private set; }

    /// <summary>Takes a report in.</summary>
    public void Add(DashboardProgress progress)
    {
        if (progress.Unit == "models")
            return;
        DateTimeOffset now = time.GetUtcNow();
        _start ??= (now, progress.Fraction);
        if (_phase?.Phase != progress.Phase)
            _phase = (progress.Phase, now, progress.Done);
        double seconds = (now - _phase.Value.At).TotalSeconds, gained = progress.Fraction - _start.Value.Fraction;
        PerSecond = seconds > 0 && progress.Done > _phase.Value.Done ? (progress.Done - _phase.Value.Done) / seconds : null;
        Remaining = gained >= Least ? (now - _start.Value.At) * ((1 - progress.Fraction) / gained) : null;
    }

    /// <summary>Both in words, or null: <c>412 tokens a second · 3 min left</c>.</summary>
    public string? Text(DashboardProgress progress)
    {
        string[] parts =
        [
            .. PerSecond is { } rate ? [string.Create(CultureInfo.InvariantCulture, $"{rate:#,0} {progress.Unit} a second")] : (string[])[],
            .. Remaining is { } left ? [left.TotalMinutes >= 1.5 ? $"{left.TotalMinutes:0} min left" : $"{left.TotalSeconds:0} s left"] : (string[])[],
        ];
        return parts.Length == 0 ? null : string.Join(" · ", parts);
    }
}
