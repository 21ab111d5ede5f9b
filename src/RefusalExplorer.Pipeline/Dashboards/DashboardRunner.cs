using System.Collections.Immutable;
using System.Diagnostics;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>
/// Makes dashboards: one pass over the corpus for all layers together, logged on disk batch by batch, then a file a layer. A pass that was
/// stopped goes on where it was, and layers that are there already from the same inputs are left alone.
/// </summary>
public sealed class DashboardRunner(EngineHost engine, ModelCatalog catalog, DashboardLibrary library, TimeProvider time)
{
    /// <summary>Share of the work that reading the corpus takes on the demo model; the rest is spread over the layers.</summary>
    private const double ReadingShare = 0.8;

    /// <summary>Runs a pass. Work on the engine is cut into short pieces, so that others get their turn.</summary>
    /// <param name="request">The pass.</param>
    /// <param name="progress">Told after each piece.</param>
    /// <param name="cancellation">Stops between pieces; what is read stays for the next pass.</param>
    /// <exception cref="EngineException">The model, a layer, the corpus or a setting is wrong.</exception>
    public async Task<DashboardReport> RunAsync(DashboardRequest request, IProgress<DashboardProgress>? progress = null, CancellationToken cancellation = default)
    {
        request.Settings.Validate();
        return await RunAsync(await PrepareAsync(request, progress, cancellation).ConfigureAwait(false), progress, cancellation).ConfigureAwait(false);
    }

    internal async Task<DashboardReport> RunAsync(DashboardPlan plan, IProgress<DashboardProgress>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        using FileStream hold = library.Hold(plan.Model);
        int[] missing = [.. plan.Layers.Where(l => !IsMade(plan, l))];
        int resumedAt = 0;
        if (missing.Length > 0)
        {
            string work = library.WorkFolder(plan.Model);
            using (var log = ActivationLog.Open(work, missing.ToDictionary(l => l, plan.Key)))
            {
                resumedAt = log.State.Texts;
                await ReadAsync(plan, log, missing, progress, cancellation).ConfigureAwait(false);
                for (int i = 0; i < missing.Length; i++)
                    await WriteAsync(plan, log, missing[i], i, missing.Length, progress, cancellation).ConfigureAwait(false);
            }
            Directory.Delete(work, recursive: true);
        }
        return Report(plan, resumedAt, clock.Elapsed);
    }

    private Task<DashboardPlan> PrepareAsync(DashboardRequest request, IProgress<DashboardProgress>? progress, CancellationToken cancellation)
    {
        string corpus = request.Corpus ?? (request.Model == DemoModel.Name
            ? DemoModel.Corpus
            : throw new PipelineException($"dashboards of {request.Model}: give a corpus, a file of JSON lines with \"text\""));
        ImmutableArray<CorpusText> texts = CorpusFile.Read(corpus);
        string hash = CorpusFile.Hash(corpus);
        ModelSpec spec = catalog.Resolve(request.Model);
        progress?.Report(new DashboardProgress("loading the model", 0, 1, "models", 0));
        return engine.RunAsync(
            "dashboards", (session, ct) => DashboardPlan.Create(session.Model(spec), request, corpus, hash, texts, ct), cancellation: cancellation);
    }

    private async Task ReadAsync(
        DashboardPlan plan, ActivationLog log, int[] layers, IProgress<DashboardProgress>? progress, CancellationToken cancellation)
    {
        TokenizedCorpus corpus = plan.Corpus;
        for (int first = log.State.Texts; first < corpus.Texts;)
        {
            cancellation.ThrowIfCancellationRequested();
            int end = corpus.BatchEnd(first, plan.Settings.TokensPerBatch);
            ImmutableArray<int>[] rows = [.. Enumerable.Range(first, end - first).Select(corpus.Row)];
            var read = new List<(int Layer, SparseActivations Activations)>();
            await engine.RunAsync("dashboards", (session, ct) =>
            {
                session.Model(plan.Spec).EncodeRows(rows, layers, (layer, activations) => read.Add((layer, activations)), ct);
                return true;
            }, cancellation: cancellation).ConfigureAwait(false);
            int start = corpus.Starts[first];
            HashSet<int> firsts = corpus.SkipsFirst ? [.. Enumerable.Range(first, end - first).Select(t => corpus.Starts[t] - start)] : [];
            foreach ((int layer, SparseActivations activations) in read)
                log.Append(layer, activations, token => !firsts.Contains(token));
            log.CommitTo(end, corpus.Starts[end]);
            first = end;
            progress?.Report(new DashboardProgress(
                "reading the corpus", corpus.Starts[end], corpus.Tokens.Length, "tokens", ReadingShare * corpus.Starts[end] / corpus.Tokens.Length));
        }
    }

    private async Task WriteAsync(
        DashboardPlan plan, ActivationLog log, int layer, int at, int of, IProgress<DashboardProgress>? progress, CancellationToken cancellation)
    {
        (SparseActivations activations, int sinks) = await Task.Run(() => Counted(log.Load(layer), plan.Settings), cancellation).ConfigureAwait(false);
        DashboardHeader header = plan.Header(layer, sinks, time.GetUtcNow());
        // The engine works out logits and neighbours while this thread pool sums the activations up.
        Task<FeatureSummary[]> summing = Task.Run(() => Summarize(plan, activations, header.Features, cancellation), cancellation);
        (LogitEnds[] logits, FeatureWeight[][] nearest) = await ReadWeightsAsync(plan, header, done => progress?.Report(new DashboardProgress(
            $"layer {layer}", done, header.Features, "features", ReadingShare + ((1 - ReadingShare) * (at + ((double)done / header.Features)) / of))), cancellation)
            .ConfigureAwait(false);
        FeatureSummary[] summaries = await summing.ConfigureAwait(false);

        using var writer = new DashboardWriter(library.PathOf(plan.Model, layer), header, plan.Corpus);
        for (int f = 0; f < header.Features; f++)
            writer.Write(summaries[f], logits[f], nearest[f]);
        ImmutableArray<TokenView> tokens = await engine.RunAsync(
            "dashboards", (session, _) => PromptEncoder.View(session.Model(plan.Spec), writer.TokenIds), cancellation: cancellation).ConfigureAwait(false);
        writer.Finish(tokens);
    }

    private static (SparseActivations Kept, int Sinks) Counted(SparseActivations read, DashboardSettings settings) =>
        settings.SinkRatio is { } ratio ? SinkTokens.Silence(read, ratio) : (read, 0);

    private static FeatureSummary[] Summarize(DashboardPlan plan, SparseActivations byToken, int features, CancellationToken cancellation)
    {
        var activations = new LayerActivations(byToken, features);
        var summaries = new FeatureSummary[features];
        Parallel.For(0, features, new ParallelOptions { CancellationToken = cancellation },
            () => new FeatureSummarizer(activations, plan.Corpus, plan.Settings),
            (f, _, summarizer) =>
            {
                summaries[f] = summarizer.Summarize(f);
                return summarizer;
            }, _ => { });
        return summaries;
    }

    private async Task<(LogitEnds[] Logits, FeatureWeight[][] Nearest)> ReadWeightsAsync(
        DashboardPlan plan, DashboardHeader header, Action<int> done, CancellationToken cancellation)
    {
        var logits = new List<LogitEnds>(header.Features);
        var nearest = new List<FeatureWeight[]>(header.Features);
        while (logits.Count < header.Features)
        {
            int[] block = [.. Enumerable.Range(logits.Count, Math.Min(plan.FeaturesAtOnce, header.Features - logits.Count))];
            (IReadOnlyList<LogitEnds> ends, FeatureWeight[][] near) = await engine.RunAsync("dashboards", (session, ct) =>
            {
                LanguageModel model = session.Model(plan.Spec);
                return (model.DecoderLogits(header.Layer, block, plan.Settings.Logits), model.NearestFeatures(header.Layer, block, plan.Settings.Nearest, ct));
            }, cancellation: cancellation).ConfigureAwait(false);
            logits.AddRange(ends);
            nearest.AddRange(near);
            done(logits.Count);
        }
        return ([.. logits], [.. nearest]);
    }

    private bool IsMade(DashboardPlan plan, int layer)
    {
        try
        {
            return library.TryOpen(plan.Model, layer)?.Header.Key == plan.Key(layer);
        }
        catch (PipelineException)
        {
            return false; // Broken or of another version: made anew.
        }
    }

    private DashboardReport Report(DashboardPlan plan, int resumedAt, TimeSpan elapsed)
    {
        DashboardFile[] files = [.. plan.Layers.Select(l => library.TryOpen(plan.Model, l)!)];
        return new DashboardReport(
            plan.Model, [.. plan.Layers], plan.Corpus.Texts, plan.Corpus.Counted, files.Sum(f => (long)f.Header.Features),
            files.Sum(f => f.Counts.LongCount(c => c == 0)), plan.Layers.Sum(l => new FileInfo(library.PathOf(plan.Model, l)).Length), resumedAt, elapsed.TotalSeconds);
    }
}
