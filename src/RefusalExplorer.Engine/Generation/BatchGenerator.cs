using System.Diagnostics;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Tokenizers;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>Generates for a batch of rows at once; rows that end leave the batch.</summary>
internal sealed class BatchGenerator(LanguageModel owner, Transformer model, IReadOnlyList<PromptRow> rows, GenerationOptions options)
{
    private readonly GenerationState[] _states = [.. rows.Select((r, i) => new GenerationState(r, new Sampler(options, i), owner.Tokenizer?.CreateStreamDecoder()))];
    private readonly ActivationTap _activations = new(options.RecordFeatures, rows.Count);

    public IReadOnlyList<GenerationResult> Run(
        Action<GeneratedToken>? onToken, Action<IReadOnlyList<FirstPass>>? onFirstPass, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using InterventionPlan plan = owner.Compile([.. rows.Select(r => r.Interventions)], options.RecordFeatures);
        var batch = new PaddedBatch([.. rows.Select(r => r.Tokens)]);
        if (batch.Columns + options.MaxNewTokens > Math.Min(model.Config.MaxPositions, Transformer.LongestSequence))
        {
            throw new EngineException(
                $"{batch.Columns} prompt tokens and {options.MaxNewTokens} new ones: {owner.Spec.Name} takes " +
                $"{Math.Min(model.Config.MaxPositions, Transformer.LongestSequence)} in all; shorten either");
        }
        var tap = new ResidualTap(new CaptureSpec { CosineTo = options.CosineTo, LogitLens = options.LogitLens }, batch, model.Config, model.Target.Device);
        using KeyValueCache? cache = options.WithoutCache
            ? null
            : new KeyValueCache(model.Config, rows.Count, batch.Columns + options.MaxNewTokens, model.Target.Dtype, model.Target.Device);
        try
        {
            float[] logits = Prefill(plan, batch, tap, cache, cancellation);
            int vocabulary = model.Config.Vocabulary;
            for (int b = 0; b < _states.Length; b++)
                _states[b].FirstLogits = logits.AsSpan(b * vocabulary, vocabulary).ToArray();
            onFirstPass?.Invoke([.. _states.Select((s, row) => new FirstPass(s.FirstLogits!, tap.Cosine(row)))]);
            Decode(plan, batch, cache, logits, onToken, cancellation);
        }
        catch (OperationCanceledException) when (_states.All(s => s.FirstLogits is not null))
        {
            // What was generated until then is the result; the caller sees its own token cancelled.
        }
        finally
        {
            GenerationMetrics.Ended(owner.Spec.Name, _states.Sum(s => s.Ids.Count), Stopwatch.GetElapsedTime(began));
        }
        return [.. _states.Select((s, i) => Result(s, i, plan, tap))];
    }

    private float[] Prefill(InterventionPlan plan, PaddedBatch batch, ResidualTap tap, KeyValueCache? cache, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        plan.OnActivations = (layer, slots, acts) => _activations.Take(layer, slots, acts, plan.Origins, place => batch.Padding[place]);
        var pass = new ForwardPass(model, plan, cache, cancellation)
        {
            OnResidual = tap.Take,
            From = batch.Distinct.Length is > 1 and var texts && texts < rows.Count ? EachTextOnce(batch, tap, cache, cancellation) : null,
        };
        Tensor resid = pass.Run(batch.Ids, batch.Padding, 0, batch.Shared, owner.Tokens(batch, [.. rows.Select(r => r.Tokens.Length)], 0));
        return LastLogits(resid, rows.Count);
    }

    // Two prompts in a few arms each: below the first block that is edited or recorded, rows of the same text are the same. Null where that is
    // the first block, or where fused kernels write to the cache themselves.
    private (int Block, Tensor Resid_BTD)? EachTextOnce(PaddedBatch batch, ResidualTap tap, KeyValueCache? cache, CancellationToken cancellation)
    {
        int first = rows.Select(r => r.Interventions.FirstBlock ?? model.Config.Layers)
            .Concat(options.RecordFeatures.Select(f => f.Layer)).Append(model.Config.Layers - 1).Min();
        if (first <= 0 || model.Fused is not null)
            return null;
        Tensor group_B = tensor(batch.Group.Select(g => (long)g).ToArray(), device: model.Target.Device);
        int[][] ids = [.. batch.Distinct.Select(row => batch.Ids[row])];
        int[] padding = [.. batch.Distinct.Select(row => batch.Padding[row])];
        int[] lengths = [.. batch.Distinct.Select(row => rows[row].Tokens.Length)];
        if (cache is not null)
            cache.Group = group_B;
        Tensor resid_GTD = new ForwardPass(model, null, cache, cancellation)
        {
            Blocks = first,
            OnResidual = (layer, resid) => tap.Take(layer, resid.index_select(0, group_B)),
        }.Run(ids, padding, 0, shared: false, new StepTokens(ids, padding, lengths, 0, owner.IsSpecial));
        if (cache is not null)
            cache.Group = null;
        return (first, resid_GTD.index_select(0, group_B));
    }

    private void Decode(
        InterventionPlan plan, PaddedBatch batch, KeyValueCache? cache, float[] logits, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        int vocabulary = model.Config.Vocabulary, past = batch.Columns;
        int[] padding = batch.Padding;
        for (int n = 0; n < options.MaxNewTokens; n++)
        {
            for (int place = 0; place < plan.Origins.Count; place++)
                Emit(plan.Origins[place], logits.AsSpan(place * vocabulary, vocabulary), onToken);
            int[] kept = [.. Enumerable.Range(0, plan.Origins.Count).Where(p => !_states[plan.Origins[p]].Ended)];
            if (kept.Length == 0 || n + 1 == options.MaxNewTokens)
                return;
            cancellation.ThrowIfCancellationRequested();
            if (kept.Length < plan.Origins.Count)
            {
                padding = [.. kept.Select(k => padding[k])];
                plan.KeepRows(kept);
                using Tensor index = tensor(kept.Select(k => (long)k).ToArray(), device: model.Target.Device);
                cache?.KeepRows(index);
            }
            logits = cache is null ? Recompute(plan, cancellation) : Step(plan, cache, padding, past++, cancellation);
        }
    }

    private float[] Step(InterventionPlan plan, KeyValueCache cache, int[] padding, int past, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        plan.OnActivations = (layer, slots, acts) => _activations.Take(layer, slots, acts, plan.Origins, _ => 0);
        int[][] ids = [.. plan.Origins.Select(o => (int[])[_states[o].Ids[^1]])];
        int[] promptLengths = [.. plan.Origins.Select(o => rows[o].Tokens.Length)];
        Tensor resid = new ForwardPass(model, plan, cache, cancellation)
            .Run(ids, padding, past, shared: false, new StepTokens(ids, padding, promptLengths, past, owner.IsSpecial));
        return LastLogits(resid, ids.Length);
    }

    // The check that the cache changes nothing: every token from the whole sequence, with the edits and scopes of the cached way.
    private float[] Recompute(InterventionPlan plan, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var batch = new PaddedBatch([.. plan.Origins.Select(o => (int[])[.. rows[o].Tokens, .. _states[o].Ids])]);
        plan.OnActivations = (layer, slots, acts) => _activations.Take(layer, slots, acts, plan.Origins, _ => batch.Columns - 1);
        int[] promptLengths = [.. plan.Origins.Select(o => rows[o].Tokens.Length)];
        Tensor resid = new ForwardPass(model, plan, null, cancellation)
            .Run(batch.Ids, batch.Padding, 0, shared: false, owner.Tokens(batch, promptLengths, 0));
        return LastLogits(resid, plan.Origins.Count);
    }

    private float[] LastLogits(Tensor resid_BTD, int count)
    {
        Tensor last_BD = resid_BTD.narrow(1, resid_BTD.shape[1] - 1, 1).squeeze(1).contiguous();
        return model.Unembed(last_BD).expand(count, -1).ToFloats();
    }

    private void Emit(int row, ReadOnlySpan<float> logits, Action<GeneratedToken>? onToken)
    {
        GenerationState state = _states[row];
        int id = state.Sampler.Next(logits);
        state.Ids.Add(id);
        bool isEos = model.Config.EosIds.Contains(id);
        state.EndedByEos |= isEos;
        state.Ended |= isEos && !options.IgnoreEos;
        string text = state.Decoder?.Push(id) ?? "";
        state.Append(text, options.Stop);
        TokenChoice? choice = options.Choices is { } n ? Probability.Choice(logits, id, n) : null;
        if (choice is not null)
            state.Choices.Add(choice);
        onToken?.Invoke(new GeneratedToken(row, state.Row.Tokens.Length + state.Ids.Count - 1, id, text, choice));
    }

    private GenerationResult Result(GenerationState state, int row, InterventionPlan plan, ResidualTap tap) => new()
    {
        Ids = [.. state.Ids],
        Text = state.EndedByStop is null ? state.Text.ToString() + (state.Decoder?.Flush() ?? "") : state.Text.ToString(),
        FirstLogits = state.FirstLogits!,
        EndedByEos = state.EndedByEos,
        EndedByStop = state.EndedByStop,
        Choices = [.. state.Choices],
        Effects = plan.Effects(row, state.Row.Interventions),
        Features = _activations.Row(row),
        Cosine = tap.Cosine(row),
        LogitLens = owner.LogitLens(tap.LastToken(row)),
    };

    private sealed record GenerationState(PromptRow Row, Sampler Sampler, IStreamDecoder? Decoder)
    {
        public List<int> Ids { get; } = [];

        public System.Text.StringBuilder Text { get; } = new();

        public float[]? FirstLogits { get; set; }

        public bool Ended { get; set; }

        public bool EndedByEos { get; set; }

        public string? EndedByStop { get; private set; }

        public List<TokenChoice> Choices { get; } = [];

        /// <summary>Adds text and ends the row at the first stop sequence in it, which may have begun in earlier text.</summary>
        public void Append(string text, IReadOnlyList<string> stops)
        {
            Text.Append(text);
            if (text.Length == 0 || stops.Count == 0)
                return;
            int from = Math.Max(0, Text.Length - text.Length - stops.Max(s => s.Length) + 1);
            string tail = Text.ToString(from, Text.Length - from);
            (int At, string Stop) first = stops
                .Select(s => (At: tail.IndexOf(s, StringComparison.Ordinal), Stop: s)).Where(f => f.At >= 0)
                .DefaultIfEmpty((At: -1, Stop: "")).MinBy(f => f.At);
            if (first.At < 0)
                return;
            Text.Length = from + first.At;
            (EndedByStop, Ended) = (first.Stop, true);
        }
    }
}
