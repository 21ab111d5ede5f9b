using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>A runner without a model: it stores what it is told to find, as the real one does, and can be held.</summary>
public sealed class ScriptedAnalysisRunner(IRunStore store) : IAnalysisRunner
{
    /// <summary>What every run finds.</summary>
    public AnalysisOutput Output { get; set; } = new() { Findings = ["It found something."] };

    /// <summary>Awaited after the first progress; by default nothing holds it.</summary>
    public Func<CancellationToken, Task> Gate { get; set; } = _ => Task.CompletedTask;

    /// <summary>Thrown instead of a result.</summary>
    public EngineException? Failure { get; set; }

    /// <summary>The requests so far.</summary>
    public ImmutableList<(string Analysis, AnalysisRequest Request)> Requests { get; private set; } = [];

    public async Task<AnalysisResult> RunAsync(
        string id, AnalysisRequest request, string runId, IProgress<AnalysisProgress> progress, CancellationToken cancellation = default)
    {
        Requests = Requests.Add((id, request));
        RunHeader header = new()
        {
            Id = runId,
            Kind = $"analysis/{id}",
            Model = request.Model,
            Title = $"{id} · {request.Study ?? request.Model}",
            CreatedAt = DateTimeOffset.UnixEpoch.AddMinutes(Requests.Count),
            Status = RunStatus.Running,
        };
        await store.SaveAsync(header, JsonSerializer.Serialize(request, AnalysisJson.Compact), cancellation);
        progress.Report(new AnalysisProgress("Working", 1, 4));
        try
        {
            await Gate(cancellation);
            if (Failure is not null)
                throw Failure;
        }
        catch (Exception e)
        {
            await store.SetStatusAsync(runId, e is OperationCanceledException ? RunStatus.Interrupted : RunStatus.Failed, e is OperationCanceledException ? "stopped" : e.Message, default);
            throw;
        }
        AnalysisResult result = Result(id, request, runId, Output);
        await store.SaveAsync(header with { Status = RunStatus.Finished }, JsonSerializer.Serialize(result, AnalysisJson.Compact), default);
        return result;
    }

    /// <summary>A result with a record.</summary>
    public static AnalysisResult Result(string id, AnalysisRequest request, string runId, AnalysisOutput output) => new()
    {
        RunId = runId,
        Analysis = id,
        Request = request,
        Output = output,
        Record = new RunRecord { AppVersion = "test", StartedAt = DateTimeOffset.UnixEpoch, Model = request.Model, WeightsFingerprint = "w", Device = "cpu", Dtype = "float32", Seconds = 2 },
    };
}
