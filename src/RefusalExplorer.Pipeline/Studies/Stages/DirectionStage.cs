using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Directions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Stage 1, direction: difference of means, scores, and the choice.</summary>
internal sealed class DirectionStage(StudyContext context, StudyState state, StudyPrompts reader, StudyJudgePanel judge, IStudyDirections directions, string folder)
{
    private readonly DirectionStageSettings _settings = context.Study.Direction;

    public async Task<DirectionResult> RunAsync()
    {
        context.Begin(StudyStage.Direction, 1);
        if (_settings.Use is { } use)
        {
            DirectionResult imported = await context.AsideAsync("direction/imported", $"reading {use}",
                _ => DirectionResult.Of(directions.Read(use, _settings.Hook, _settings.Position))).ConfigureAwait(false);
            // A copy, so that the study's folder is whole where the imported file is gone.
            WriteFiles(imported, null, []);
            return imported;
        }
        DirectionSample sample = await new DirectionSampling(context, reader).DrawAsync().ConfigureAwait(false);
        MeanDifferences differences = await MeansAsync(sample).ConfigureAwait(false);
        bool scored = _settings.Score || _settings.Selector == DirectionSelector.Reference;
        DirectionScores? scores = scored ? await ScoresAsync(sample, differences).ConfigureAwait(false) : null;
        DirectionResult result = _settings.Selector switch
        {
            DirectionSelector.Fixed => Fixed(differences),
            DirectionSelector.AttackSuccessRate => await ByRateAsync(sample, differences).ConfigureAwait(false),
            _ => ByReference(differences, scores!),
        };
        WriteFiles(result, differences, scores?.Candidates ?? []);
        return result with
        {
            EndOfInstruction = sample.EndOfInstruction,
            Prompts = sample.Counts,
            Scores = scores,
            Discarded = scores is null ? [] : Discarded(scores),
        };
    }

    private void WriteFiles(DirectionResult result, MeanDifferences? differences, ImmutableArray<DirectionCandidate> scores) =>
        ReferenceDirectionFiles.Write(Path.Combine(folder, "direction"), new ReferenceDirectionBundle(result.ToDirection(), differences, scores));

    private async Task<MeanDifferences> MeansAsync(DirectionSample sample)
    {
        int positions = Math.Max(sample.EndOfInstruction, -_settings.Position);
        (double[] Sum, int Count)[] sums = new (double[], int)[2];
        int layers = 0, dim = 0;
        foreach ((int kind, string name, ImmutableArray<ImmutableArray<int>> prompts) in new[]
        {
            (0, "harmful", sample.HarmfulTrain), (1, "harmless", sample.HarmlessTrain),
        })
        {
            MeanDifferences.CheckPrompts(name, prompts, positions);
            IReadOnlyList<Range> batches = Batches.OfPrompts(prompts, context.TokensAtOnce);
            context.Expect(batches.Count);
            double[] sum = [];
            for (int b = 0; b < batches.Count; b++)
            {
                // Each piece has the sum so far: the last is all that is needed, and equals a sum that was never interrupted.
                double[] before = sum;
                ImmutableArray<ImmutableArray<int>> batch = batches[b].Of(prompts);
                SumPiece piece = await context.PieceAsync($"direction/means/{name}/{b}", $"means of {name} prompts", (model, ct) =>
                {
                    double[] next = before.Length > 0 ? [.. before] : new double[positions * model.Layers * model.ModelDim];
                    MeanDifferences.AddTo(next, model, batch, positions, ct);
                    return new SumPiece(model.Layers, model.ModelDim, PackedNumbers.Pack(next));
                }).ConfigureAwait(false);
                (layers, dim, sum) = (piece.Layers, piece.ModelDim, PackedNumbers.Unpack(piece.Sum));
            }
            sums[kind] = (sum, prompts.Length);
        }
        return MeanDifferences.FromSums(positions, layers, dim, sums[0], sums[1]);
    }

    private async Task<DirectionScores> ScoresAsync(DirectionSample sample, MeanDifferences differences)
    {
        ImmutableArray<ImmutableArray<int>> all = [.. sample.HarmfulVal, .. sample.HarmlessVal];
        int rows = Math.Max(1, context.TokensAtOnce / Math.Max(1, all.Select(p => p.Length).DefaultIfEmpty(1).Max()));
        var trials = new DirectionTrials(sample.HarmfulVal, sample.HarmlessVal, rows);
        DirectionBaseline? baseline = null;
        (int Position, int Layer)[] places = DirectionScorer.Places(
            differences, new DirectionScorerSettings { Positions = _settings.Positions, Layers = _settings.Layers });
        context.Expect((3 * places.Length) + 1);
        BaselineScores plain = await context.PieceAsync("direction/baseline", "refusal scores of the held-out prompts", (model, ct) =>
        {
            baseline = trials.Baseline(model, ct);
            return new BaselineScores(baseline.Harmful, baseline.Harmless);
        }).ConfigureAwait(false);
        var scores = ImmutableArray.CreateBuilder<DirectionCandidate>(places.Length);
        foreach ((int position, int layer) in places)
        {
            // Three pieces, so that each is short.
            scores.Add(DirectionTrials.Direction(differences, position, layer) is not { } direction
                ? new DirectionCandidate(position, layer, double.NaN, double.NaN, double.NaN)
                : new DirectionCandidate(
                    position, layer,
                    await PieceAsync("bypass", (model, ct) => trials.Bypass(model, direction, ct)).ConfigureAwait(false),
                    await PieceAsync("induce", (model, ct) => trials.Induce(model, direction, ct)).ConfigureAwait(false),
                    // A resumed study lacks the logits that KL is taken against; they come out the same.
                    await PieceAsync("kl", (model, ct) => trials.Kl(model, direction, baseline ??= trials.Baseline(model, ct), ct)).ConfigureAwait(false)));

            state.Scoring = new DirectionScores([.. scores], differences.Layers, plain.Harmful, plain.Harmless);
            state.Publish();

            Task<double> PieceAsync(string score, Func<IStudyModel, CancellationToken, double> work) =>
                context.PieceAsync($"direction/score/{position}/{layer}/{score}", $"{score} score at position {position}, layer {layer}", work);
        }
        state.Scoring = null;
        return new DirectionScores(scores.ToImmutable(), differences.Layers, plain.Harmful, plain.Harmless);
    }

    private DirectionResult Fixed(MeanDifferences differences) => DirectionResult.Of(
        differences.Direction(_settings.Position, RefusalDirection.BlockOf(_settings.Hook!), "difference of means at the hook that the study names"));

    private ReferenceSelectorSettings Limits => new()
    {
        MaxKl = _settings.MaxKl,
        MinInduce = _settings.MinInduce,
        DroppedLayerShare = _settings.DroppedLayerShare,
    };

    private DirectionResult ByReference(MeanDifferences differences, DirectionScores scores)
    {
        DirectionCandidate best = DirectionSelectors.ByReference(scores, Limits).Best;
        return DirectionResult.Of(differences.Direction(best.Position, best.Layer, "difference of means, least bypass score (reference rule)"));
    }

    private ImmutableArray<DiscardReason> Discarded(DirectionScores scores) =>
        [.. scores.Candidates.Select(c => DirectionSelectors.ReasonToDiscard(c, scores.Layers, Limits))];

    private async Task<DirectionResult> ByRateAsync(DirectionSample sample, MeanDifferences differences)
    {
        if (sample.HarmfulVal.IsEmpty)
            throw new PipelineException("direction: no held-out harmful prompt is left for the attack success rates (all were used for the means, or filtered out); expected at least one: name harmfulVal, lower trainCount, or set filter to false");
        IReadOnlyList<int> layers = _settings.Layers ?? [.. Enumerable.Range(0, differences.Layers)];
        IReadOnlyList<Range> batches = Batches.OfCount(sample.HarmfulVal.Length, context.Study.Generation.Batch);
        context.Expect(layers.Count * batches.Count);
        var rates = new Dictionary<int, double>();
        foreach (int layer in layers.Where(l => differences.At(-1, l).ContainsAnyExcept(0)))
        {
            InterventionSet without = InterventionSet.Of(Intervention.ProjectOut(differences.Direction(-1, layer, "candidate").Vector, TokenScope.All));
            int complied = 0;
            for (int b = 0; b < batches.Count; b++)
            {
                ImmutableArray<ImmutableArray<int>> batch = batches[b].Of(sample.HarmfulVal);
                Count count = await context.PieceAsync($"direction/rate/{layer}/{b}", $"responses without the direction of layer {layer}", (model, ct) =>
                    new Count(model.Generate([.. batch.Select(p => new PromptRow(p, without))], context.Study.Generation.MaxNewTokens, ct)
                        .Count(r => judge.Judge(r).Complied))).ConfigureAwait(false);
                complied += count.Value;
            }
            rates[layer] = (double)complied / sample.HarmfulVal.Length;
        }
        AppendixSelection choice = DirectionSelectors.ByAttackSuccessRate(differences, d => rates[d.Block], layers);
        return DirectionResult.Of(differences.Direction(-1, choice.Layer, "difference of means at the final token, highest attack success rate (paper, appendix)")) with
        {
            AttackSuccessRates = choice.AttackSuccessRates,
        };
    }

    private sealed record SumPiece(int Layers, int ModelDim, string Sum);

    private sealed record BaselineScores(double Harmful, double Harmless);

    private sealed record Count(int Value);
}

/// <summary>Finds an existing direction.</summary>
public interface IStudyDirections
{
    /// <summary>Reads a folder of the reference's files, a safetensors file, or a stored direction.</summary>
    /// <param name="pathOrId">Which.</param>
    /// <param name="hook">Hook of a file that does not say its own; null refuses such a file.</param>
    /// <param name="position">Its position.</param>
    /// <exception cref="RefusalExplorer.Engine.EngineException">There is none, or its hook is not known.</exception>
    RefusalDirection Read(string pathOrId, string? hook, int position);
}
