using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Runs any analysis from a request to a stored result.</summary>
public sealed class AnalysisRunner(
    EngineHost engine, ModelCatalog models, AnalysisCatalog catalog, DefaultDirections directions, IDirectionSource directionFiles,
    ResponseJudges judges, IDatasetReader files, IRunStore store) : IAnalysisRunner
{
    /// <inheritdoc/>
    public async Task<AnalysisResult> RunAsync(
        string id, AnalysisRequest request, string runId, IProgress<AnalysisProgress> progress, CancellationToken cancellation = default)
    {
        IAnalysis analysis = catalog.Get(id);
        object settings = analysis.ReadSettings(request.Settings);
        RunHeader header = new()
        {
            Id = runId,
            Kind = $"analysis/{id}",
            Model = request.Model,
            Title = $"{analysis.Info.Title} · {request.Study ?? request.Model}",
            CreatedAt = DateTimeOffset.UtcNow,
            Status = RunStatus.Running,
        };
        await store.SaveAsync(header, JsonSerializer.Serialize(request, AnalysisJson.Compact), cancellation).ConfigureAwait(false);
        try
        {
            AnalysisResult result = await RunAsync(analysis, settings, request, runId, progress, cancellation).ConfigureAwait(false);
            await store.SaveAsync(
                header with { Status = RunStatus.Finished }, JsonSerializer.Serialize(result, AnalysisJson.Compact), CancellationToken.None).ConfigureAwait(false);
            return result;
        }
        catch (Exception e)
        {
            (RunStatus status, string reason) = e is OperationCanceledException ? (RunStatus.Interrupted, "stopped") : (RunStatus.Failed, e.Message);
            await store.SetStatusAsync(runId, status, reason, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A stored result.</summary>
    /// <exception cref="PipelineException">There is no finished run of that id.</exception>
    public AnalysisResult Load(string runId) =>
        store.TryGet(runId, out StoredRun? run) && run.Header.Status == RunStatus.Finished && run.Header.Kind.StartsWith("analysis/", StringComparison.Ordinal)
            ? AnalysisJson.Read<AnalysisResult>(run.Payload, $"run {runId}")
            : throw new PipelineException($"run '{runId}': there is no finished analysis of that id");

    private async Task<AnalysisResult> RunAsync(
        IAnalysis analysis, object settings, AnalysisRequest request, string runId, IProgress<AnalysisProgress> progress, CancellationToken cancellation)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        var clock = Stopwatch.StartNew();
        ModelSpec spec = models.Resolve(request.Model);
        spec = request.Changes?.Apply(spec) ?? spec;
        progress.Report(new AnalysisProgress($"Loading {spec.Name}"));
        Prepared prepared = await engine.RunAsync(
            "analysis", (session, ct) => Prepare(session.Model(spec), analysis, settings, request, progress, ct),
            before => progress.Report(new AnalysisProgress("Waiting for the engine", Waiting: before)), cancellation).ConfigureAwait(false);
        AnalysisContext context = new(engine, spec, progress, cancellation)
        {
            Request = prepared.Request,
            Settings = settings,
            Sets = prepared.Sets,
            Harmful = prepared.Harmful,
            Harmless = prepared.Harmless,
            Direction = prepared.Direction,
            Config = prepared.Config,
            SaeLayers = prepared.SaeLayers,
            Statistics = spec.Name == DemoModel.Name ? FeatureStatistics.Read(DemoModel.FeatureStatistics) : FeatureStatistics.None,
            Judges = judges,
        };
        AnalysisOutput output = await analysis.RunAsync(context).ConfigureAwait(false);
        output = output with { Findings = [.. output.Findings, .. prepared.Notes] };
        IEnumerable<int> layers = output.Layers.IsEmpty ? context.Sets.SelectMany(s => s.Union()).Select(f => f.Layer) : output.Layers;
        RunRecord record = await engine.RunAsync("analysis record", (session, _) => RunRecords.Create(
            session.Model(spec), started, clock.Elapsed, [], prepared.Direction?.Id, layers, prepared.Direction?.Values), cancellation: cancellation).ConfigureAwait(false);
        return new AnalysisResult { RunId = runId, Analysis = analysis.Info.Id, Request = prepared.Request, Output = output, Record = record };
    }

    private Prepared Prepare(
        LanguageModel model, IAnalysis analysis, object settings, AnalysisRequest request, IProgress<AnalysisProgress> progress, CancellationToken cancellation)
    {
        AnalysisNeeds needs = analysis.Info.Needs;
        int take = analysis.Info.DefaultPrompts;
        PromptsRead none = new([], []);
        (ImmutableArray<AnalysisPrompt> harmful, ImmutableArray<string> harmfulNotes) =
            needs.HasFlag(AnalysisNeeds.Harmful) ? AnalysisInputs.Prompts(request.Harmful, analysis.Info.HarmfulSet, take, harmful: true, files) : none;
        (ImmutableArray<AnalysisPrompt> harmless, ImmutableArray<string> harmlessNotes) =
            needs.HasFlag(AnalysisNeeds.Harmless) ? AnalysisInputs.Prompts(request.Harmless, analysis.Info.HarmlessSet, take, harmful: false, files) : none;
        RefusalVector? direction = needs.HasFlag(AnalysisNeeds.Direction) ? Direction() : null;
        int needed = needs.HasFlag(AnalysisNeeds.SecondSet) ? 2 : needs.HasFlag(AnalysisNeeds.Features) ? 1 : 0;
        ImmutableArray<AnalysisFeatureSet> sets = AnalysisInputs.Sets(request, needed, keep => CandidateRanking.Rank(
            model.SaeLayers, layer => model.Sae(layer).DecoderCosines((direction ??= Direction()).Values.AsSpan()), keep, cancellation: cancellation));
        foreach (FeatureId feature in sets.SelectMany(s => s.Union()))
        {
            if (feature.Index >= model.Sae(feature.Layer).Config.Features)
                throw new PipelineException($"{feature}: layer {feature.Layer} has {model.Sae(feature.Layer).Config.Features} features");
        }
        return new Prepared(
            request with
            {
                Features = [],
                Sets = sets,
                Harmful = harmful.IsEmpty ? null : new PromptSelection { Items = harmful },
                Harmless = harmless.IsEmpty ? null : new PromptSelection { Items = harmless },
                Direction = direction?.Id ?? request.Direction,
                Settings = JsonSerializer.SerializeToElement(settings, analysis.SettingsType, AnalysisJson.Compact),
            },
            sets, AnalysisInputs.Encode(model, harmful, true), AnalysisInputs.Encode(model, harmless, false), direction, model.Config, [.. model.SaeLayers],
            [.. harmfulNotes, .. harmlessNotes]);

        RefusalVector Direction() => request.Direction is { } named
            ? Named(named)
            : directions.Get(model, models.Models.FirstOrDefault(m => m.Name == model.Spec.Name) ?? new ConfiguredModel { Name = model.Spec.Name }, null,
                new Share(progress, "Computing the refusal direction"), cancellation);
    }

    private RefusalVector Named(string pathOrId)
    {
        (ImmutableArray<float> vector, string? hook) = directionFiles.ReadWithHook(pathOrId);
        return new RefusalVector(pathOrId, hook ?? "as named", vector);
    }

    private sealed record Prepared(
        AnalysisRequest Request, ImmutableArray<AnalysisFeatureSet> Sets, ImmutableArray<EncodedPrompt> Harmful, ImmutableArray<EncodedPrompt> Harmless,
        RefusalVector? Direction, ModelConfig Config, ImmutableArray<int> SaeLayers, ImmutableArray<string> Notes);

    private sealed class Share(IProgress<AnalysisProgress> progress, string phase) : IProgress<double>
    {
        public void Report(double value) => progress.Report(new AnalysisProgress(phase, (int)(100 * value), 100));
    }
}
