using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Layout;

namespace RefusalExplorer.Web.Runs;

/// <summary>Where a stored run is shown.</summary>
public static class RunLinks
{
    private const string AnalysisPrefix = "analysis/";

    /// <summary>The run's own page, or null where no page shows runs of its kind.</summary>
    public static string? Of(RunHeader run)
    {
        string id = Uri.EscapeDataString(run.Id);
        string? path = run.Kind switch
        {
            StoredExperiment.Kind => $"/explore/{id}",
            "study" => $"/studies/{id}",
            _ when run.Kind.StartsWith(AnalysisPrefix, StringComparison.Ordinal) => $"/analyses/{run.Kind[AnalysisPrefix.Length..]}/{id}",
            _ => null,
        };
        return path is not null && NavPage.All.Any(p => p.Covers(path)) ? path : null;
    }
}
