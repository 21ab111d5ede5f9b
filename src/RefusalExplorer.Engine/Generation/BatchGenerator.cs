using System.Collections.Immutable;
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
        options.Check();
        long began = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using InterventionPlan plan = owner.Compile([.. rows.Select(r => r.Interventions)], options.RecordFeatures);
        var batch = new PaddedBatch([.. rows.Select(r => r.Tokens)]);
        if ((long)batch.Columns + options.MaxNewTokens > Math.Min(model.Config.MaxPositions, Transformer.LongestSequence))
        {
            throw new EngineException(
                $"{batch.Columns} prompt tokens and {options.MaxNewTokens} new ones: {owner.Spec.Name} takes " +
                $"{Math.Min(model.Config.MaxPositions, Transformer.LongestSequence)} in all; shorten either");
        }
        using KeyValueCache? cache = options.WithoutCache
            ? null
            : new KeyValueCache(model.Config, rows.Count, batch.Columns + options.MaxNewTokens, model.Target.Dtype, model.Target.Device);
        try
        {
            foreach (int[] part in Parts())
                Prefill(part, plan, cache, batch.Columns, onToken, onFirstPass, cancellation);
            cache?.EndPrompts(batch.Columns);
            Decode(plan, batch, cache, onToken, cancellation);
        }
        catch (OperationCanceledException) when (_states.All(s => s.FirstLogits is not null))
        {
            // What was generated until then is the result; the caller sees its own token cancelled.
        }
        finally
        {
            GenerationMetrics.Ended(owner.Spec.Name, _states.Sum(s => s.Ids.Count), Stopwatch.GetElapsedTime(began));
        }
        return [.. _states.Select((s, i) => Result(s, i, plan))];
    }

    // Where some rows share a text, each text's rows have a pass of their own: one row until the first edit, nothing padded, and the first text's
    // rows begin to answer before the next is read. Fused kernels know of one batch only.
    private int[][] Parts()
    {
        int First(int row) => Enumerable.Range(0, row).FirstOrDefault(r => rows[r].Tokens.SequenceEqual(rows[row].Tokens), row);
        int[][] texts = [.. Enumerable.Range(0, rows.Count).GroupBy(First).Select(text => text.ToArray())];
        return model.Fused is null && texts.Length < rows.Count ? texts : [[.. Enumerable.Range(0, rows.Count)]];
    }

    private void Prefill(
        int[] part, InterventionPlan whole, KeyValueCache? cache, int columns,
        Action<GeneratedToken>? onToken, Action<IReadOnlyList<FirstPass>>? onFirstPass, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        bool all = part.Length == rows.Count;
        PromptRow[] prompts = [.. part.Select(row => rows[row])];
        var batch = new PaddedBatch([.. prompts.Select(r => r.Tokens)]);
        // Its sums are of these rows alone, so it leaves the whole batch's to the tokens that come.
        using InterventionPlan? own = all ? null : owner.Compile([.. prompts.Select(r => r.Interventions)], options.RecordFeatures);
        InterventionPlan plan = own ?? whole;
        var tap = new ResidualTap(new CaptureSpec { CosineTo = options.CosineTo, LogitLens = options.LogitLens }, batch, model.Config, model.Target.Device);
        plan.OnActivations = (layer, slots, acts) => _activations.Take(layer, slots, acts, part, place => batch.Padding[place]);
        if (!all)
            cache?.BeginPrompts(tensor(part.Select(row => (long)row).ToArray(), device: model.Target.Device), batch.Columns, columns);
        var pass = new ForwardPass(model, plan, cache, cancellation) { OnResidual = tap.Take };
        Tensor resid = pass.Run(batch.Ids, batch.Padding, 0, batch.Shared, owner.Tokens(batch, [.. prompts.Select(r => r.Tokens.Length)], 0));
        float[] logits = LastLogits(resid, part.Length);

        int vocabulary = model.Config.Vocabulary;
        for (int i = 0; i < part.Length; i++)
        {
            GenerationState state = _states[part[i]];
            state.FirstLogits = logits.AsSpan(i * vocabulary, vocabulary).ToArray();
            (state.Cosine, state.LastToken) = (tap.Cosine(i), tap.LastToken(i));
            if (own is not null)
                state.PromptEffects = own.Effects(i, state.Row.Interventions);
        }
        onFirstPass?.Invoke([.. part.Select(row => new FirstPass(row, _states[row].FirstLogits!, _states[row].Cosine))]);
        for (int i = 0; options.MaxNewTokens > 0 && i < part.Length; i++)
            Emit(part[i], _states[part[i]].FirstLogits, onToken);
    }

    private void Decode(InterventionPlan plan, PaddedBatch batch, KeyValueCache? cache, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        int vocabulary = model.Config.Vocabulary, past = batch.Columns;
        int[] padding = batch.Padding;
        for (int n = 1; n < options.MaxNewTokens; n++)
        {
            int[] kept = [.. Enumerable.Range(0, plan.Origins.Count).Where(p => !_states[plan.Origins[p]].Ended)];
            if (kept.Length == 0)
                return;
            cancellation.ThrowIfCancellationRequested();
            if (kept.Length < plan.Origins.Count)
            {
                padding = [.. kept.Select(k => padding[k])];
                plan.KeepRows(kept);
                using Tensor index = tensor(kept.Select(k => (long)k).ToArray(), device: model.Target.Device);
                cache?.KeepRows(index);
            }
            float[] logits = cache is null ? Recompute(plan, cancellation) : Step(plan, cache, padding, past++, cancellation);
            for (int place = 0; place < plan.Origins.Count; place++)
                Emit(plan.Origins[place], logits.AsSpan(place * vocabulary, vocabulary), onToken);
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

    private GenerationResult Result(GenerationState state, int row, InterventionPlan plan) => new()
    {
        Ids = [.. state.Ids],
        Text = state.EndedByStop is null ? state.Text.ToString() + (state.Decoder?.Flush() ?? "") : state.Text.ToString(),
        FirstLogits = state.FirstLogits!,
        EndedByEos = state.EndedByEos,
        EndedByStop = state.EndedByStop,
        Choices = [.. state.Choices],
        Effects = FeatureEffect.Together(state.PromptEffects, plan.Effects(row, state.Row.Interventions)),
        Features = _activations.Row(row),
        Cosine = state.Cosine,
        LogitLens = owner.LogitLens(state.LastToken),
    };

    private sealed record GenerationState(PromptRow Row, Sampler Sampler, IStreamDecoder? Decoder)
    {
        public List<int> Ids { get; } = [];

        public System.Text.StringBuilder Text { get; } = new();

        public float[]? FirstLogits { get; set; }

        public float[]? Cosine { get; set; }

        /// <summary>L + 1 residuals [D] of the prompt's last token, for the logit lens.</summary>
        public float[][]? LastToken { get; set; }

        /// <summary>What the edits did in a pass of the prompt's own.</summary>
        public ImmutableArray<FeatureEffect> PromptEffects { get; set; } = [];

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
