using System.Globalization;
using RefusalExplorer.Pipeline.Analyses.Running;

namespace RefusalExplorer.Web.Analyses;

/// <summary>What watchers see of a running analysis.</summary>
/// <param name="Analysis">Its id in the catalog.</param>
public sealed record AnalysisState(string Analysis)
{
    /// <summary>The last that it told; null before the first.</summary>
    public AnalysisProgress? Progress { get; init; }

    /// <summary>When its phase began.</summary>
    public DateTimeOffset PhaseStart { get; init; }

    /// <summary>Pieces of this phase a second; 0 while it is not known.</summary>
    public double PerSecond { get; init; }

    /// <summary>What goes on.</summary>
    public string What => Progress switch
    {
        null => "Starting",
        { Waiting: > 0 } p => p.Waiting == 1 ? "Waiting: 1 piece of work before this one" : $"Waiting: {p.Waiting} pieces of work before this one",
        { Total: > 0 } p => $"{p.Phase}: {p.Done} of {p.Total}",
        { } p => p.Phase,
    };

    /// <summary>How fast this step is, and how long it still takes; null while that is not known.</summary>
    public string? Rate
    {
        get
        {
            if (PerSecond <= 0 || Progress is not { Total: > 0 } p)
                return null;
            var left = TimeSpan.FromSeconds((p.Total - p.Done) / PerSecond);
            string rate = PerSecond >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{PerSecond:0.0}/s") : string.Create(CultureInfo.InvariantCulture, $"{60 * PerSecond:0.0}/min");
            string time = left.TotalMinutes >= 1.5 ? $"{Math.Round(left.TotalMinutes):0} min" : $"{Math.Ceiling(left.TotalSeconds):0} s";
            return $"{rate} · about {time} left in this step";
        }
    }

    /// <summary>The state after progress.</summary>
    /// <param name="progress">What it told.</param>
    /// <param name="now">When.</param>
    public AnalysisState After(AnalysisProgress progress, DateTimeOffset now)
    {
        DateTimeOffset start = progress.Phase == Progress?.Phase && progress.Done >= Progress.Done ? PhaseStart : now;
        double seconds = (now - start).TotalSeconds;
        return this with
        {
            Progress = progress,
            PhaseStart = start,
            // The first pieces' rate says nothing yet.
            PerSecond = seconds > 0.5 && progress.Done > 0 ? progress.Done / seconds : 0,
        };
    }
}
