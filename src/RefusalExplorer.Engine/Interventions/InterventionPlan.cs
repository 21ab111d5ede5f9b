using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>The edits of a batch, compiled: one slice for each layer with the union of the rows' features.</summary>
/// <remarks>
/// Features that are only recorded share the slice. At a block's output feature edits come first, then projections; an added vector
/// comes at the block's input before projections.
/// </remarks>
internal sealed class InterventionPlan : IDisposable
{
    private readonly SortedDictionary<int, LayerEdit> _layers = [];
    private readonly List<VectorEdit> _vectors = [];
    private readonly Device _device;
    private List<int> _origins;

    private InterventionPlan(int rows, Device device) => (_device, _origins) = (device, _origins = [.. Enumerable.Range(0, rows)]);

    /// <summary>Nothing is edited and nothing recorded.</summary>
    public bool IsEmpty => _layers.Count == 0 && _vectors.Count == 0;

    /// <summary>Original row of each place in the batch.</summary>
    public IReadOnlyList<int> Origins => _origins;

    /// <summary>Called with the activations that a layer's slice found: layer, features, acts [B or 1, T, S].</summary>
    public Action<int, IReadOnlyList<int>, Tensor>? OnActivations { get; set; }

    /// <summary>Compiles the rows' interventions and the features to record.</summary>
    public static InterventionPlan Compile(
        IReadOnlyList<InterventionSet> rows, IEnumerable<FeatureId> record, Func<int, int[], SaeSlice> slices, Transformer model)
    {
        (ScalarType dtype, Device device) = (model.Target.Dtype, model.Target.Device);
        var plan = new InterventionPlan(rows.Count, device);
        IEnumerable<Intervention> edited = rows.SelectMany(r => r.Items).Where(IsFeatureEdit);
        foreach ((int layer, int[] features) in LayerFeatures.Union(edited, record))
        {
            SaeSlice slice = slices(layer, features);
            IReadOnlyList<RowPattern.SlotEdit>[] edits = [.. rows.Select(r => SlotEdits(r, layer, features))];
            EditPattern? pattern = edits.Any(e => e.Count > 0) ? new RowPattern(edits, features.Length) : null;
            plan._layers[layer] = new LayerEdit(slice, pattern, keepsLedger: true, model.Fused);
        }
        foreach (IGrouping<Intervention, int> edit in rows
            .SelectMany((r, b) => r.Items.Where(i => !IsFeatureEdit(i)).Select(i => (Edit: i, Row: b))).GroupBy(e => e.Edit, e => e.Row))
        {
            bool[] touched = [.. Enumerable.Range(0, rows.Count).Select(edit.Contains)];
            plan._vectors.Add(new VectorEdit(edit.Key, touched, model.Config.ModelDim, dtype, device));
        }
        return plan;
    }

    /// <summary>Compiles rows <paramref name="first"/> … of an ablation batch; keeps no ledger, since thousands of sets run.</summary>
    public static InterventionPlan Compile(AblationBatch batch, int first, int count, Func<int, int[], SaeSlice> slices, Transformer model)
    {
        Device device = model.Target.Device;
        var plan = new InterventionPlan(count, device);
        foreach (var layer in batch.Pool.Select((f, i) => (Feature: f, Column: i)).GroupBy(p => p.Feature.Layer))
        {
            (FeatureId Feature, int Column)[] columns = [.. layer];
            var sets = new float[count * columns.Length];
            for (int b = 0; b < count; b++)
            {
                for (int s = 0; s < columns.Length; s++)
                    sets[(b * columns.Length) + s] = batch.Masks[first + b][columns[s].Column] ? 1 : 0;
            }
            if (!sets.AsSpan().ContainsAnyExcept(0f))
                continue;
            SaeSlice slice = slices(layer.Key, [.. columns.Select(c => c.Feature.Index)]);
            Tensor sets_BS = tensor(sets).view(count, columns.Length).to(device).DetachFromDisposeScope();
            plan._layers[layer.Key] = new LayerEdit(slice, new SetPattern(sets_BS, batch.Scope), keepsLedger: false);
        }
        return plan;
    }

    /// <summary>Takes to the device what the layers need for a pass: at once, since a transfer waits for all that the device has begun.</summary>
    public void Prepare(StepTokens tokens)
    {
        (EditPattern Pattern, float[] Packed)[] changed =
            [.. from edit in _layers.Values let pattern = edit.Pattern let packed = pattern?.Pack(tokens) where packed is not null select (pattern, packed)];
        if (changed.Length == 0)
            return;
        var all = new float[changed.Sum(c => c.Packed.Length)];
        int at = 0;
        foreach ((_, float[] packed) in changed)
        {
            packed.CopyTo(all, at);
            at += packed.Length;
        }
        using Tensor onDevice = tensor(all, device: _device);
        at = 0;
        foreach ((EditPattern pattern, float[] packed) in changed)
        {
            pattern.Use(onDevice.narrow(0, at, packed.Length), tokens);
            at += packed.Length;
        }
    }

    /// <summary>The stream after this hook point's edits.</summary>
    public Tensor Apply(int layer, ResidualSite site, Tensor resid_BTD, StepTokens tokens)
    {
        if (site == ResidualSite.Post && _layers.TryGetValue(layer, out LayerEdit? edit))
        {
            resid_BTD = edit.Apply(resid_BTD, tokens, out Tensor acts_BTS);
            OnActivations?.Invoke(layer, edit.Features, acts_BTS);
        }
        foreach (VectorEdit vector in _vectors)
        {
            if (vector.ActsAt(layer, site))
                resid_BTD = vector.Apply(resid_BTD, tokens);
        }
        return resid_BTD;
    }

    /// <summary>Keeps the rows at the given places only.</summary>
    public void KeepRows(IReadOnlyList<int> kept)
    {
        foreach (LayerEdit layer in _layers.Values)
            layer.KeepRows(kept, _origins);
        foreach (VectorEdit vector in _vectors)
            vector.KeepRows(kept);
        _origins = [.. kept.Select(k => _origins[k])];
    }

    /// <summary>
    /// What the edits of one original row did, feature by feature in the order of layers; maxima are −∞ where no token was in scope, so that
    /// <see cref="FeatureEffect.Together"/> can tell.
    /// </summary>
    public ImmutableArray<FeatureEffect> Effects(int row, InterventionSet set)
    {
        SortedDictionary<int, int[]> edited = LayerFeatures.Union(set.Items.Where(IsFeatureEdit), []);
        IReadOnlyDictionary<int, (float[] Touched, float[] Before, float[] After, float[] Norm)?> read = ReadLedgers(row);
        var effects = ImmutableArray.CreateBuilder<FeatureEffect>(edited.Values.Sum(f => f.Length));
        foreach ((int layer, LayerEdit edit) in _layers)
        {
            if (read.GetValueOrDefault(layer) is not { } r || !edited.TryGetValue(layer, out int[]? own))
                continue;
            for (int s = 0, next = 0; s < edit.Features.Count && next < own.Length; s++)
            {
                if (edit.Features[s] != own[next])
                    continue;
                effects.Add(new FeatureEffect(new FeatureId(layer, own[next++]), (int)r.Touched[s], r.Before[s], r.After[s], r.Norm[s]));
            }
        }
        return effects.ToImmutable();
    }

    // All layers' sums in one transfer.
    private Dictionary<int, (float[] Touched, float[] Before, float[] After, float[] Norm)?> ReadLedgers(int row)
    {
        using var scope = NewDisposeScope();
        var pending = _layers.Where(l => l.Value.Ledger is not null)
            .Select(l => (Layer: l.Key, l.Value.Ledger, Sums: l.Value.Ledger!.OnDevice(row, _origins))).ToArray();
        Tensor[] flat = [.. pending.Where(p => p.Sums is not null).Select(p => p.Sums!.reshape(-1))];
        float[] all = flat.Length == 0 ? [] : cat(flat).ToFloats();
        int at = 0;
        var read = new Dictionary<int, (float[], float[], float[], float[])?>();
        foreach ((int layer, EffectLedger? ledger, Tensor? sums) in pending)
        {
            int count = (int)(sums?.numel() ?? 0);
            read[layer] = sums is null ? ledger!.Left(row) : ledger!.Split(all.AsSpan(at, count));
            at += count;
        }
        return read;
    }

    public void Dispose()
    {
        foreach (LayerEdit layer in _layers.Values)
            layer.Dispose();
        _vectors.ForEach(v => v.Dispose());
    }

    private static bool IsFeatureEdit(Intervention edit) =>
        edit.Op is InterventionOp.Ablate or InterventionOp.Clamp or InterventionOp.Scale;

    private static List<RowPattern.SlotEdit> SlotEdits(InterventionSet set, int layer, int[] features)
    {
        var edits = new List<RowPattern.SlotEdit>();
        foreach (Intervention edit in set.Items.Where(IsFeatureEdit))
        {
            if (!LayerFeatures.Of(edit).TryGetValue(layer, out int[]? own))
                continue;
            int[]? slots = own.Length == features.Length ? null : [.. own.Select(f => Array.BinarySearch(features, f))];
            (float factor, float value) = edit.Op switch
            {
                InterventionOp.Clamp => (0f, (float)edit.Value),
                InterventionOp.Scale => ((float)edit.Value, 0f),
                _ => (0f, 0f),
            };
            edits.Add(new RowPattern.SlotEdit(slots, factor, value, edit.Scope));
        }
        return edits;
    }
}
