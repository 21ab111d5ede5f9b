using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Everything an analysis works with. Work on the model goes to the engine thread piece by piece.</summary>
public sealed class AnalysisContext
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    internal AnalysisContext(EngineHost engine, ModelSpec spec, IProgress<AnalysisProgress> progress, CancellationToken cancellation)
    {
        (Engine, Spec, Progress, Cancellation) = (engine, spec, progress, cancellation);
    }

    /// <summary>The request, written out.</summary>
    public required AnalysisRequest Request { get; init; }

    /// <summary>The analysis' settings.</summary>
    public required object Settings { get; init; }

    /// <summary>Feature sets, at least as many as the analysis needs.</summary>
    public required ImmutableArray<AnalysisFeatureSet> Sets { get; init; }

    /// <summary>Harmful prompts; empty where the analysis needs none.</summary>
    public required ImmutableArray<EncodedPrompt> Harmful { get; init; }

    /// <summary>Harmless prompts; empty where the analysis needs none.</summary>
    public required ImmutableArray<EncodedPrompt> Harmless { get; init; }

    /// <summary>The refusal direction; null where the analysis needs none.</summary>
    public RefusalVector? Direction { get; init; }

    /// <summary>Form of the model.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>Layers with an SAE, ascending.</summary>
    public required ImmutableArray<int> SaeLayers { get; init; }

    /// <summary>Largest activations and densities where they are known.</summary>
    public required FeatureStatistics Statistics { get; init; }

    /// <summary>Judges generated responses.</summary>
    public required ResponseJudges Judges { get; init; }

    /// <summary>Told what happens.</summary>
    public IProgress<AnalysisProgress> Progress { get; }

    /// <summary>Stops it between pieces.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Tokens on which features are edited.</summary>
    public TokenScope Scope => TokenScope.Parse(Request.Scope);

    /// <summary>The first set.</summary>
    public AnalysisFeatureSet Set => Sets[0];

    private EngineHost Engine { get; }

    private ModelSpec Spec { get; }

    /// <summary>Ablates a set's features for a prompt, in the request's scope.</summary>
    public Intervention Ablate(AnalysisFeatureSet set, EncodedPrompt prompt) => Intervention.Ablate(set.For(prompt.Prompt.Key), Scope);

    /// <summary>Projects the refusal direction out of every block, on every token (FACTS: directional ablation).</summary>
    public Intervention ProjectOut() => Intervention.ProjectOut(
        (Direction ?? throw new InvalidOperationException("this analysis has no direction")).Values, TokenScope.All);

    /// <summary>One piece of work on the engine thread.</summary>
    public async Task<T> OnModelAsync<T>(Func<LanguageModel, CancellationToken, T> work)
    {
        while (true)
        {
            Cancellation.ThrowIfCancellationRequested();
            try
            {
                return await Engine.RunAsync("analysis", (session, ct) => work(session.Model(Spec), ct), cancellation: Cancellation).ConfigureAwait(false);
            }
            catch (EngineBusyException)
            {
                // Half done, an analysis waits until the queue has room.
                await Task.Delay(Pause, Cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Forward passes of many rows, in batches. What is kept of each is taken on the engine thread: logits of thousands of rows would not fit.</summary>
    /// <param name="phase">Shown as progress.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="capture">What to record.</param>
    /// <param name="take">What to keep of a row, by its index.</param>
    public Task<T[]> ForwardAsync<T>(string phase, IReadOnlyList<PromptRow> rows, CaptureSpec capture, Func<LanguageModel, int, ForwardResult, T> take) =>
        InBatchesAsync<T>(phase, rows, (model, batch, ct) =>
        {
            IReadOnlyList<ForwardResult> results = model.Forward([.. batch.Select(i => rows[i])], capture, ct);
            return [.. results.Select((r, b) => take(model, batch[b], r))];
        });

    /// <summary>Responses to many rows, in batches; greedy.</summary>
    public Task<T[]> GenerateAsync<T>(
        string phase, IReadOnlyList<PromptRow> rows, Func<LanguageModel, int, GenerationResult, T> take, ImmutableArray<FeatureId> record = default) =>
        InBatchesAsync<T>(phase, rows, (model, batch, ct) =>
        {
            IReadOnlyList<GenerationResult> results = model.Generate(
                [.. batch.Select(i => rows[i])],
                new GenerationOptions { MaxNewTokens = Request.MaxNewTokens, RecordFeatures = record.IsDefault ? [] : record }, cancellation: ct);
            ct.ThrowIfCancellationRequested();
            return [.. results.Select((r, b) => take(model, batch[b], r))];
        });

    private async Task<T[]> InBatchesAsync<T>(
        string phase, IReadOnlyList<PromptRow> rows, Func<LanguageModel, int[], CancellationToken, T[]> work)
    {
        var kept = new T[rows.Count];
        int done = 0;
        Progress.Report(new AnalysisProgress(phase, 0, rows.Count));
        foreach (int[] batch in RowBatches.Of(rows, Request.RowsAtOnce))
        {
            T[] part = await OnModelAsync((model, ct) => work(model, batch, ct)).ConfigureAwait(false);
            for (int b = 0; b < batch.Length; b++)
                kept[batch[b]] = part[b];
            Progress.Report(new AnalysisProgress(phase, done += batch.Length, rows.Count));
        }
        return kept;
    }
}
