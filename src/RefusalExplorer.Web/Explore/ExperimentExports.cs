using System.Text.Json;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Web.Explore;

/// <summary>An experiment as text.</summary>
public static class ExperimentExports
{
    /// <summary>Request, result and record as JSON.</summary>
    public static string Json(ExperimentResult result) => JsonSerializer.Serialize(result, ProbeJson.Options);
}
