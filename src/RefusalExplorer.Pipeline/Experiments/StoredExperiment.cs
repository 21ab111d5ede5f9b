using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>An experiment as the run store keeps it: enough to show it again, and to run it again if it never ended.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Result">What came of it; null while it runs, and where it failed or was interrupted.</param>
/// <param name="Page">The page's own state as a query, where a page started it: what a permalink restores beside the request.</param>
public sealed record StoredExperiment(ExperimentRequest Request, ExperimentResult? Result = null, string? Page = null)
{
    /// <summary>Kind of such runs in the store.</summary>
    public const string Kind = "experiment";

    private const int LongestTitle = 80;

    /// <summary>One line for lists: what is done, never the prompt's text, which may be harmful.</summary>
    public static string TitleOf(ExperimentRequest request)
    {
        int features = request.Interventions.Sum(i => i.Features.Length);
        string[] operations = [.. request.Interventions.Select(i => i.Op.ToString()).Distinct()];
        string what = operations.Length == 0
            ? "Baseline"
            : features == 0
                ? string.Join(", ", operations)
                : $"{string.Join(", ", operations)}: {features} {(features == 1 ? "feature" : "features")}";
        return what.Length > LongestTitle ? what[..LongestTitle] : what;
    }

    /// <summary>The payload of a stored run.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ProbeJson.Options);

    /// <summary>Reads a stored run.</summary>
    /// <exception cref="EngineException">The run is of another kind, or its payload is not an experiment's.</exception>
    public static StoredExperiment Read(StoredRun run)
    {
        if (run.Header.Kind != Kind)
            throw new PipelineException($"run {run.Header.Id} is a run of kind '{run.Header.Kind}'; expected an {Kind}");
        try
        {
            return JsonSerializer.Deserialize<StoredExperiment>(run.Payload, ProbeJson.Options)
                ?? throw new PipelineException($"run {run.Header.Id}: its payload is null; expected an {Kind}");
        }
        catch (JsonException e)
        {
            throw new PipelineException($"run {run.Header.Id}: its payload cannot be read by this version: {e.Message}", e);
        }
    }
}
