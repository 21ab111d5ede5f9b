using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Engine.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>
/// A loaded model with its SAEs: a view on weights that models of the same checkpoint share. Only the engine thread may call it; everything that
/// comes out is CPU arrays and text.
/// </summary>
public sealed partial class LanguageModel : IDisposable
{
    private const int LossPositions = 32;
    private const int TokensInFlightOnCpu = 4096;
    private const int TokensInFlightOnGpu = 16384;
    private readonly Transformer _model;
    private readonly LoadedWeights _weights;
    private readonly Dictionary<int, Sae> _saes = [];
    private bool _disposed;

    /// <param name="spec">What it is.</param>
    /// <param name="weights">Held from here on, until this model is disposed of.</param>
    /// <param name="template">The template in force.</param>
    /// <param name="refusalTokens">Ids of P("I").</param>
    internal LanguageModel(ModelSpec spec, LoadedWeights weights, IChatTemplate? template, ImmutableArray<int> refusalTokens)
    {
        Spec = spec;
        _weights = weights;
        _model = weights.Model;
        Template = template;
        RefusalTokens = refusalTokens;
        weights.Hold();
    }

    /// <summary>What it was loaded from.</summary>
    public ModelSpec Spec { get; }

    /// <summary>Its form.</summary>
    public ModelConfig Config => _model.Config;

    /// <summary>Names the weights in a record.</summary>
    public string Fingerprint => _weights.Fingerprint;

    /// <summary>How its blocks run: on the CPU, by fused kernels on a GPU, or operator by operator there and why.</summary>
    public string Kernels => _model.Kernels;

    /// <summary>Null for checkpoints without tokenizer files.</summary>
    public ITextTokenizer? Tokenizer => _weights.Tokenizer?.Tokenizer;

    /// <summary>The template in force; null where the checkpoint has none and none was chosen.</summary>
    public IChatTemplate? Template { get; }

    /// <summary>Layers that have an SAE, ascending.</summary>
    public IReadOnlyList<int> SaeLayers => [.. Spec.Saes.Keys];

    /// <summary>Ids whose probability is P("I").</summary>
    public ImmutableArray<int> RefusalTokens { get; }

    /// <summary>The SAE of a layer, opened on first use.</summary>
    /// <exception cref="EngineException">The model has no such layer, or the layer has none.</exception>
    /// <exception cref="CheckpointFormatException">Its files are broken or belong to another model.</exception>
    public Sae Sae(int layer)
    {
        if (_saes.TryGetValue(layer, out Sae? sae))
            return sae;
        if (layer < 0 || layer >= Config.Layers)
            throw new EngineException($"layer {layer}: {Spec.Name} has layers 0 to {Config.Layers - 1}");
        if (!Spec.Saes.TryGetValue(layer, out string? path))
        {
            throw new EngineException(Spec.Saes.IsEmpty
                ? $"layer {layer}: {Spec.Name} has no SAEs; give their paths in the settings or the request"
                : $"layer {layer}: {Spec.Name} has no SAE there; it has them at layers {string.Join(", ", Spec.Saes.Keys)}");
        }
        return _saes[layer] = _weights.Saes.Get(path, Spec.GatingRule, s => s.CheckFits(Config.ModelDim, layer, Spec.Name));
    }

    /// <summary>One forward pass of each row, rows of any lengths together.</summary>
    /// <param name="rows">At least one row of at least one token.</param>
    /// <param name="capture">What to keep.</param>
    /// <param name="cancellation">Checked before each block.</param>
    /// <exception cref="EngineException">An unknown layer or feature, an id outside the vocabulary, a prompt that is too long.</exception>
    public IReadOnlyList<ForwardResult> Forward(IReadOnlyList<PromptRow> rows, CaptureSpec capture, CancellationToken cancellation = default)
    {
        using var scope = BeginWork(rows.Select(r => (IReadOnlyList<int>)r.Tokens));
        var batch = new PaddedBatch([.. rows.Select(r => r.Tokens)]);
        using InterventionPlan plan = Compile([.. rows.Select(r => r.Interventions)], capture.Features);
        var activations = new ActivationTap(capture.Features, rows.Count);
        plan.OnActivations = (layer, slots, acts) => activations.Take(layer, slots, acts, plan.Origins, place => batch.Padding[place]);
        var tap = new ResidualTap(capture, batch, Config, _model.Target.Device);
        var active = new DictionaryTap(capture, batch, Sae, cancellation);
        Tensor resid_BTD = new ForwardPass(_model, plan, null, cancellation) { OnResidual = tap.Take, OnOutput = active.Take }
            .Run(batch.Ids, batch.Padding, 0, batch.Shared, Tokens(batch, [.. rows.Select(r => r.Tokens.Length)], 0));
        return [.. rows.Select((row, b) =>
            Result(row, b, resid_BTD, capture, batch, plan, tap, activations) with { Active = active.Row(b) })];
    }

    /// <summary>
    /// A forward pass of one row whose blocks below the first edit are remembered, for previews while a slider moves: its numbers are those of
    /// <see cref="Forward"/> to the bit.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="capture">What to keep; whole residuals and dictionaries are not on offer.</param>
    /// <param name="cancellation">Checked before each block.</param>
    /// <exception cref="EngineException">As <see cref="Forward"/>, or the capture asks for residuals or dictionaries.</exception>
    public ForwardResult Preview(PromptRow row, CaptureSpec capture, CancellationToken cancellation = default)
    {
        if (capture.Residuals || capture.LastResiduals > 0 || !capture.ActiveLayers.IsEmpty || capture.Features.Any(f => f.Layer < row.Interventions.FirstBlock))
            throw new EngineException("a preview keeps no residuals, dictionaries or features below the first edit; use a whole pass");
        if (row.Interventions.FirstBlock is not (> 0 and int first) || first >= Config.Layers)
            return Forward([row], capture, cancellation)[0];
        using var scope = BeginWork([row.Tokens]);
        var batch = new PaddedBatch([row.Tokens]);
        StepTokens tokens = Tokens(batch, [row.Tokens.Length], 0);
        Prefix prefix = _weights.Prefixes.Get(row.Tokens, first, () => ReadPrefix(batch, tokens, row.Tokens, first, cancellation));
        using InterventionPlan plan = Compile([row.Interventions], capture.Features);
        var activations = new ActivationTap(capture.Features, 1);
        plan.OnActivations = (layer, slots, acts) => activations.Take(layer, slots, acts, plan.Origins, _ => 0);
        var tap = new ResidualTap(capture, batch, Config, _model.Target.Device);
        for (int l = 0; l < first; l++)
            tap.Take(l, prefix.Last_L1D.narrow(0, l, 1));
        Tensor resid_1TD = new ForwardPass(_model, plan, null, cancellation) { OnResidual = tap.Take, From = prefix }
            .Run(batch.Ids, batch.Padding, 0, shared: false, tokens);
        return Result(row, 0, resid_1TD, capture, batch, plan, tap, activations);
    }

    private Prefix ReadPrefix(PaddedBatch batch, StepTokens tokens, ImmutableArray<int> ids, int first, CancellationToken cancellation)
    {
        var last = new List<Tensor>();
        Tensor resid_1TD = new ForwardPass(_model, null, null, cancellation) { Blocks = first, OnResidual = Keep }
            .Run(batch.Ids, batch.Padding, 0, shared: false, tokens);
        Tensor last_L1D = cat([.. last.Take(first)], 0).DetachFromDisposeScope();
        last.ForEach(l => l.Dispose());
        return new Prefix(ids, first, resid_1TD.DetachFromDisposeScope(), last_L1D);

        void Keep(int layer, Tensor resid) => last.Add(resid.narrow(1, ids.Length - 1, 1).clone().DetachFromDisposeScope());
    }

    /// <summary>
    /// Full SAE activations of one layer for a row: [T, F] row-major. They are of the block's output under the row's edits before it, but before the
    /// edits at that output, as the edits themselves and <see cref="FeatureEffect.MaxBefore"/> have it.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="layer">Layer with an SAE.</param>
    /// <param name="cancellation">Checked before each block and between blocks of the dictionary.</param>
    /// <exception cref="EngineException">As <see cref="Forward"/>, or the layer has no SAE.</exception>
    public float[] Activations(PromptRow row, int layer, CancellationToken cancellation = default)
    {
        using var scope = BeginWork([row.Tokens]);
        Sae sae = Sae(layer);
        var batch = new PaddedBatch([row.Tokens]);
        using InterventionPlan plan = Compile([row.Interventions], []);
        float[] z_TF = [];
        new ForwardPass(_model, plan, null, cancellation) { Blocks = layer + 1, OnOutput = Encode }
            .Run(batch.Ids, batch.Padding, 0, batch.Shared, Tokens(batch, [row.Tokens.Length], 0));
        return z_TF;

        void Encode(int at, Tensor resid_1TD)
        {
            if (at == layer)
                z_TF = sae.Encode(resid_1TD[0], cancellation).ToFloats();
        }
    }

    /// <summary>
    /// SAE activations of many rows at several layers from one forward pass, which ends at the highest of them. Each layer's entries come for
    /// the tokens of all rows one after another, padding left out; nothing dense is kept.
    /// </summary>
    /// <param name="rows">At least one row of at least one token, unedited.</param>
    /// <param name="layers">Distinct layers with an SAE.</param>
    /// <param name="take">Called on the engine thread, layer by layer from the lowest.</param>
    /// <param name="cancellation">Checked before each block and between blocks of a dictionary.</param>
    /// <exception cref="EngineException">A layer has no SAE, or a row is too long or holds an unknown id.</exception>
    public void EncodeRows(
        IReadOnlyList<ImmutableArray<int>> rows, IReadOnlyList<int> layers, Action<int, SparseActivations> take, CancellationToken cancellation = default) =>
        EncodeRows(rows, layers, int.MaxValue, take, cancellation);

    /// <summary>The same for the last tokens of each row only.</summary>
    /// <param name="rows">At least one row of at least one token, unedited.</param>
    /// <param name="layers">Distinct layers with an SAE.</param>
    /// <param name="lastTokens">Tokens of each row, from its end, that are encoded.</param>
    /// <param name="take">Called on the engine thread, layer by layer from the lowest.</param>
    /// <param name="cancellation">Checked before each block and between blocks of a dictionary.</param>
    /// <exception cref="EngineException">A layer has no SAE, or a row is too long or holds an unknown id.</exception>
    public void EncodeRows(
        IReadOnlyList<ImmutableArray<int>> rows, IReadOnlyList<int> layers, int lastTokens, Action<int, SparseActivations> take,
        CancellationToken cancellation = default)
    {
        using var scope = BeginWork(rows.Select(r => (IReadOnlyList<int>)r));
        Sae[] saes = [.. layers.Select(Sae)];
        var batch = new PaddedBatch([.. rows]);
        int[] counts = [.. rows.Select(r => Math.Min(lastTokens, r.Length))];
        long[] real = [.. counts.SelectMany((n, b) => Enumerable.Range(batch.Columns - n, n).Select(t => ((long)b * batch.Columns) + t))];
        Tensor real_N = tensor(real, device: _model.Target.Device);
        new ForwardPass(_model, null, null, cancellation) { OnResidual = Encode, Blocks = layers.Max() + 1 }
            .Run(batch.Ids, batch.Padding, 0, shared: false, Tokens(batch, [.. rows.Select(r => r.Length)], 0));

        void Encode(int next, Tensor resid_BTD)
        {
            for (int i = 0; i < saes.Length; i++)
            {
                if (layers[i] != next - 1)
                    continue;
                using Tensor x_ND = resid_BTD.reshape(-1, Config.ModelDim).index_select(0, real_N);
                take(layers[i], saes[i].EncodeSparse(x_ND, cancellation));
            }
        }
    }

    /// <summary>
    /// The tokens whose logits one unit of each feature raises and lowers most: its decoder row through the unembedding with the final norm's
    /// weight folded in (the logit weights of SAELens and Neuronpedia). The norm's division and soft caps are left out.
    /// </summary>
    /// <param name="layer">Layer with an SAE.</param>
    /// <param name="features">Its features; some hundred at once are cheapest.</param>
    /// <param name="k">Tokens at either end.</param>
    /// <exception cref="EngineException">The layer has no SAE, or a feature does not exist.</exception>
    public IReadOnlyList<LogitEnds> DecoderLogits(int layer, IReadOnlyList<int> features, int k)
    {
        using var scope = BeginWork([]);
        Tensor rows_SD = Sae(layer).DecoderRows(features).to(_model.Target.Device);
        Tensor logits_SV = _model.UnembedDirections(rows_SD);
        int ends = Math.Min(k, Config.Vocabulary);
        (Tensor top, Tensor topIds) = logits_SV.topk(ends, 1);
        (Tensor bottom, Tensor bottomIds) = logits_SV.topk(ends, 1, largest: false);
        FeatureWeight[][] raised = FeatureWeight.Rows(topIds, top), lowered = FeatureWeight.Rows(bottomIds, bottom);
        return [.. raised.Select((r, s) => new LogitEnds(r, lowered[s]))];
    }

    /// <summary>For each of some features of a layer the k others whose decoder rows have the largest cosine with its own, best first.</summary>
    /// <exception cref="EngineException">The layer has no SAE, or a feature does not exist.</exception>
    public FeatureWeight[][] NearestFeatures(int layer, IReadOnlyList<int> features, int k, CancellationToken cancellation = default)
    {
        using var scope = BeginWork([]);
        return Sae(layer).NearestByDecoder(features, k, _model.Target.Device, cancellation);
    }

    /// <summary>
    /// P(refusal tokens) at the last position under every set of the batch, in order. The prompt is common, so blocks before the first
    /// edited layer run once for all sets; sets then run side by side in chunks that fit the device.
    /// </summary>
    /// <param name="prompt">Token ids.</param>
    /// <param name="batch">The sets.</param>
    /// <param name="done">Told how many sets are done.</param>
    /// <param name="cancellation">Checked before each block.</param>
    public double[] RefusalProbabilities(
        IReadOnlyList<int> prompt, AblationBatch batch, IProgress<int>? done = null, CancellationToken cancellation = default)
    {
        int inFlight = _model.Target.Device.type == DeviceType.CPU ? TokensInFlightOnCpu : TokensInFlightOnGpu;
        int chunk = Math.Max(1, inFlight / prompt.Count);
        var probabilities = new double[batch.Masks.Count];
        for (int first = 0; first < probabilities.Length; first += chunk)
        {
            int count = Math.Min(chunk, probabilities.Length - first);
            using var scope = BeginWork([prompt]);
            using InterventionPlan plan = InterventionPlan.Compile(batch, first, count, Slice, _model);
            var padded = new PaddedBatch([.. Enumerable.Repeat(prompt, count)]);
            Tensor resid_BTD = new ForwardPass(_model, plan, null, cancellation)
                .Run(padded.Ids, padded.Padding, 0, count > 1, Tokens(padded, [.. Enumerable.Repeat(prompt.Count, count)], 0));
            double[] masses = RefusalMass(resid_BTD.narrow(1, prompt.Count - 1, 1).squeeze(1).contiguous());
            for (int b = 0; b < count; b++)
                probabilities[first + b] = masses[masses.Length == 1 ? 0 : b];
            done?.Report(first + count);
        }
        return probabilities;
    }

    /// <summary>Generates for all rows together, streaming each token. Cancelled in the middle, it returns what there is.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="options">How tokens are drawn, and what is recorded.</param>
    /// <param name="onToken">Called on the engine thread for each token.</param>
    /// <param name="onFirstPass">
    /// Called on the engine thread with what a pass over prompts gave of each of its rows, before their first token: once for all rows, or text by
    /// text where some rows share one.
    /// </param>
    /// <param name="cancellation">Checked before each block.</param>
    public IReadOnlyList<GenerationResult> Generate(
        IReadOnlyList<PromptRow> rows,
        GenerationOptions options,
        Action<GeneratedToken>? onToken = null,
        Action<IReadOnlyList<FirstPass>>? onFirstPass = null,
        CancellationToken cancellation = default)
    {
        using var scope = BeginWork(rows.Select(r => (IReadOnlyList<int>)r.Tokens));
        return new BatchGenerator(this, _model, rows, options).Run(onToken, onFirstPass, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _weights.Dispose();
    }

    /// <summary>The weights, to make another view on them.</summary>
    internal LoadedWeights Weights => _weights;

    internal bool IsSpecial(int id) => Tokenizer?.SpecialIds.Contains(id) ?? false;

    internal StepTokens Tokens(PaddedBatch batch, int[] promptLengths, int past) =>
        new(batch.Ids, batch.Padding, promptLengths, past, IsSpecial);

    /// <summary>
    /// Refuses an edit along a direction at blocks that the model has not, which would do nothing and look as if it had been tried, and values that
    /// no activation can have.
    /// </summary>
    /// <exception cref="EngineException">A layer is out of range, none is named, or a value is not finite; every pass refuses such an edit too.</exception>
    public void Check(Intervention edit)
    {
        if (!float.IsFinite((float)edit.Value))
        {
            string field = edit.Op == InterventionOp.Add ? "coefficient" : "value";
            throw new EngineException(FormattableString.Invariant($"{edit.Op.Word()}: {field} {edit.Value}: expected a finite number that float32 can hold"));
        }
        if (edit.Layers is not { } layers)
            return;
        if (layers.IsEmpty)
            throw new EngineException($"{edit.Op.Word()}: no layer is named; expected some of {Spec.Name}'s 0 to {Config.Layers - 1}, or all");
        foreach (int layer in layers.Where(l => l < 0 || l >= Config.Layers))
            throw new EngineException($"{edit.Op.Word()}: layer {layer}: {Spec.Name} has layers 0 to {Config.Layers - 1}");
    }

    internal InterventionPlan Compile(IReadOnlyList<InterventionSet> rows, IEnumerable<FeatureId> record)
    {
        foreach (Intervention edit in rows.SelectMany(r => r.Items))
            Check(edit);
        return InterventionPlan.Compile(rows, record, Slice, _model);
    }

    /// <summary>P(refusal tokens) by layer from the last token's residuals.</summary>
    internal float[]? LogitLens(float[][]? residuals)
    {
        if (residuals is null)
            return null;
        using var scope = NewDisposeScope();
        Tensor stacked_LD = tensor(residuals.SelectMany(r => r).ToArray()).view(residuals.Length, -1).to(_model.Target.Dtype, _model.Target.Device);
        return [.. RefusalMass(stacked_LD).Select(p => (float)p)];
    }

    private SaeSlice Slice(int layer, int[] features)
    {
        if (layer < 0 || layer >= Config.Layers)
            throw new EngineException($"L{layer}-{features[0]}: {Spec.Name} has layers 0 to {Config.Layers - 1}");
        return _weights.Slices.Get(Sae(layer), features);
    }

    private double[] RefusalMass(Tensor resid_ND)
    {
        Tensor logits_NV = _model.Unembed(resid_ND);
        // A GPU's float32 sums a quarter of a million terms pairwise; in float64 this would cost more than the model's last blocks.
        ScalarType precise = logits_NV.device.type == DeviceType.CPU ? ScalarType.Float64 : ScalarType.Float32;
        Tensor lse_N = logits_NV.to(precise).logsumexp(1).to(ScalarType.Float64);
        Tensor ids = tensor(RefusalTokens.Select(i => (long)i).ToArray(), device: logits_NV.device);
        Tensor mass_N = logits_NV.index_select(1, ids).to(ScalarType.Float64).Minus(lse_N.unsqueeze(1)).exp().sum(1);
        return mass_N.cpu().data<double>().ToArray();
    }

    private ForwardResult Result(
        PromptRow row, int b, Tensor resid_BTD, CaptureSpec capture, PaddedBatch batch, InterventionPlan plan, ResidualTap tap, ActivationTap activations)
    {
        using var scope = NewDisposeScope();
        Tensor resid_TD = resid_BTD[resid_BTD.shape[0] == 1 ? 0 : b];
        int first = capture.AllLogits ? batch.Padding[b] : batch.Columns - 1;
        float[] logits = _model.Unembed(resid_TD.narrow(0, first, batch.Columns - first).contiguous()).ToFloats();
        return new ForwardResult
        {
            LastLogits = logits.AsSpan(logits.Length - Config.Vocabulary).ToArray(),
            AllLogits = capture.AllLogits ? logits : null,
            Residuals = tap.Residuals(b),
            Features = activations.Row(b),
            Cosine = tap.Cosine(b),
            LogitLens = LogitLens(tap.LastToken(b)),
            Effects = FeatureEffect.Together(plan.Effects(b, row.Interventions)),
            TokenLosses = capture.TokenLosses ? TokenLosses(resid_TD.narrow(0, batch.Padding[b], row.Tokens.Length), row.Tokens) : null,
            Choices = capture.Choices is { } n ? Choices(resid_TD.narrow(0, batch.Padding[b], row.Tokens.Length), row.Tokens, n) : [],
        };
    }

    /// <summary>How likely each next token was, a stretch of positions at a time as the losses.</summary>
    private ImmutableArray<TokenChoice> Choices(Tensor resid_TD, ImmutableArray<int> ids, int n)
    {
        var choices = ImmutableArray.CreateBuilder<TokenChoice>(ids.Length - 1);
        for (int first = 0; first < ids.Length - 1; first += LossPositions)
        {
            using var scope = NewDisposeScope();
            int count = Math.Min(LossPositions, ids.Length - 1 - first);
            float[] logits = _model.Unembed(resid_TD.narrow(0, first, count).contiguous()).ToFloats();
            for (int t = 0; t < count; t++)
                choices.Add(Probability.Choice(logits.AsSpan(t * Config.Vocabulary, Config.Vocabulary), ids[first + t + 1], n));
        }
        return choices.MoveToImmutable();
    }

    /// <summary>−log p of each next token, a stretch of positions at a time: logits of a whole text would be hundreds of megabytes.</summary>
    private float[] TokenLosses(Tensor resid_TD, ImmutableArray<int> ids)
    {
        var losses = new float[ids.Length - 1];
        for (int first = 0; first < losses.Length; first += LossPositions)
        {
            using var scope = NewDisposeScope();
            int count = Math.Min(LossPositions, losses.Length - first);
            Tensor logits_NV = _model.Unembed(resid_TD.narrow(0, first, count).contiguous());
            Tensor next_N1 = tensor(ids.AsSpan(first + 1, count).ToArray().Select(i => (long)i).ToArray(), device: logits_NV.device).unsqueeze(1);
            Tensor losses_N = logits_NV.to(ScalarType.Float64).logsumexp(1).Minus(logits_NV.gather(1, next_N1).squeeze(1).to(ScalarType.Float64));
            losses_N.ToFloats().CopyTo(losses, first);
        }
        return losses;
    }

    private WorkScope BeginWork(IEnumerable<IReadOnlyList<int>> rows)
    {
        int longest = Math.Min(Config.MaxPositions, Transformer.LongestSequence);
        foreach (IReadOnlyList<int> ids in rows)
        {
            if (ids.Count == 0 || ids.Count > longest)
                throw new EngineException($"a prompt of {ids.Count} tokens: {Spec.Name} takes 1 to {longest}");
            int bad = ids.FirstOrDefault(i => i < 0 || i >= Config.Vocabulary, -1);
            if (bad != -1 || ids.Contains(-1))
                throw new EngineException($"token id {bad}: {Spec.Name} has ids 0 to {Config.Vocabulary - 1}");
        }
        _weights.Slices.Trim();
        return new WorkScope();
    }

    // Both are per thread, so they are entered where the work is, never across an await.
    private sealed class WorkScope : IDisposable
    {
        private readonly IDisposable _noGrad = no_grad();
        private readonly DisposeScope _scope = NewDisposeScope();

        public void Dispose()
        {
            _scope.Dispose();
            _noGrad.Dispose();
        }
    }
}
