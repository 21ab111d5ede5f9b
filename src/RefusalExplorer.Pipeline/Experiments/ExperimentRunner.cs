using System.Collections.Immutable;
using System.Diagnostics;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>Runs an experiment's arms as one batch, so that all of them stream side by side.</summary>
public sealed class ExperimentRunner(EngineHost engine, ModelCatalog catalog, DefaultDirections directions) : IExperimentRunner
{
    private static readonly VerdictPanel Panel = new();

    /// <inheritdoc/>
    public Task<ExperimentResult> RunAsync(
        ExperimentRequest request, string runId, IProgress<ExperimentEvent> events, CancellationToken cancellation) =>
        engine.RunAsync(
            $"experiment {runId}",
            (session, ct) => Run(session, request, runId, events, ct),
            before => events.Report(new ExperimentEvent.Queued(before)),
            cancellation);

    /// <summary>Runs it on the engine thread.</summary>
    /// <exception cref="EngineException">The request is bad; one line says where.</exception>
    public ExperimentResult Run(
        EngineSession session, ExperimentRequest request, string runId, IProgress<ExperimentEvent> events, CancellationToken cancellation)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        ModelSpec spec = catalog.Resolve(request.Model);
        LanguageModel model = session.Model(spec, new Progress(events, $"Loading {spec.Name}"));
        RefusalVector direction = directions.Get(
            model, catalog.Configured(request.Model), request.Direction, new Progress(events, "Computing the refusal direction"), cancellation);
        Row[] rows = Rows(model, request, direction);
        var clock = Stopwatch.StartNew();
        var views = rows.Select(_ => ImmutableArray.CreateBuilder<TokenView>()).ToArray();
        int tokens = 0;
        var logits = new float[rows.Length][];

        GenerationOptions options = request.Generation with
        {
            CosineTo = direction.Values,
            LogitLens = true,
            RecordFeatures = [.. request.Inspect.Concat(rows.SelectMany(r => r.Edits.Features)).Distinct().Order()],
        };
        IReadOnlyList<GenerationResult> results = model.Generate(
            [.. rows.Select(r => new PromptRow(r.Ids, r.Edits))],
            options,
            token =>
            {
                TokenView view = PromptEncoder.View(model, token.Id) with { Text = token.Text };
                views[token.Row].Add(view);
                tokens++;
                events.Report(new ExperimentEvent.Token(rows[token.Row].Arm, view));
            },
            first =>
            {
                // A text's rows come together, and its baseline is one of them.
                foreach (FirstPass pass in first)
                    logits[pass.Row] = pass.Logits;
                foreach (FirstPass pass in first)
                    events.Report(new ExperimentEvent.FirstToken(FirstArm(model, request, rows, logits, pass.Row) with { Cosine = [.. pass.Cosine ?? []] }));
            },
            cancellation);

        double seconds = clock.Elapsed.TotalSeconds;
        ArmResult[] arms = [.. rows.Select((r, i) => Finish(
            FirstArm(model, request, rows, [.. results.Select(g => g.FirstLogits)], i), results[i], views[i].ToImmutable()))];
        var result = new ExperimentResult
        {
            RunId = runId,
            Request = request,
            Arms = [.. arms],
            Record = RunRecords.Create(
                model, started, clock.Elapsed, rows[0].Ids, direction.Id, rows.SelectMany(r => r.Edits.Features).Select(f => f.Layer), direction.Values),
            TokensPerSecond = seconds > 0 ? tokens / seconds : 0,
            Cancelled = cancellation.IsCancellationRequested,
        };
        events.Report(new ExperimentEvent.Finished(result));
        return result;
    }

    private static Row[] Rows(LanguageModel model, ExperimentRequest request, RefusalVector direction)
    {
        // An edit along a direction that names none takes the one that the experiment is measured against.
        var edits = new InterventionSet([.. request.Interventions.Select(i =>
            i.Op is InterventionOp.Add or InterventionOp.ProjectOut && i.Vector is null ? i with { Vector = direction.Values } : i)]);
        ImmutableArray<int> ids = PromptEncoder.Encode(model, request.Prompt).Ids;
        var rows = new List<Row> { new(Arm.Baseline, ids, InterventionSet.Empty), new(Arm.Intervened, ids, edits) };
        if (request.RandomControl && edits.Features.Count > 0)
            rows.Add(new Row(Arm.RandomControl, ids, RandomControls.Imitate(model, edits, request.ControlSeed)));
        if (request.Benign is { } benign)
        {
            ImmutableArray<int> benignIds = PromptEncoder.Encode(model, benign).Ids;
            rows.Add(new Row(Arm.BenignBaseline, benignIds, InterventionSet.Empty));
            rows.Add(new Row(Arm.BenignIntervened, benignIds, edits));
        }
        return [.. rows];
    }

    private static ArmResult FirstArm(
        LanguageModel model, ExperimentRequest request, Row[] rows, float[][] firstLogits, int row)
    {
        int baseline = Array.FindIndex(rows, r => r.Edits.IsEmpty && r.Ids.SequenceEqual(rows[row].Ids));
        return new ArmResult
        {
            Arm = rows[row].Arm,
            PromptTokens = PromptEncoder.View(model, rows[row].Ids),
            RefusalProbability = Probability.Mass(firstLogits[row], model.RefusalTokens),
            TopLogits = [.. Probability.Top(firstLogits[row], request.TopLogits)
                .Select(t => new TokenLogit(t.Id, PromptEncoder.View(model, t.Id).Text, t.Logit, t.Probability))],
            Kl = baseline < 0 || baseline == row ? null : Probability.Kl(firstLogits[baseline], firstLogits[row]),
        };
    }

    private static ArmResult Finish(ArmResult arm, GenerationResult generated, ImmutableArray<TokenView> views) => arm with
    {
        RefusalProbabilityByLayer = [.. generated.LogitLens ?? []],
        Cosine = [.. generated.Cosine ?? []],
        Generated = views,
        Text = generated.Text,
        EndedByEos = generated.EndedByEos,
        Verdict = Panel.Judge(new ResponseEvidence { Text = generated.Text, RefusalProbability = arm.RefusalProbability }).Verdict,
        Effects = generated.Effects,
        Activations = generated.Features.ToImmutableSortedDictionary(f => f.Key, f => f.Value.ToImmutableArray()),
    };

    private sealed record Row(Arm Arm, ImmutableArray<int> Ids, InterventionSet Edits);

    private sealed class Progress(IProgress<ExperimentEvent> events, string what) : IProgress<double>
    {
        public void Report(double value) => events.Report(new ExperimentEvent.Phase(what, value));
    }
}
