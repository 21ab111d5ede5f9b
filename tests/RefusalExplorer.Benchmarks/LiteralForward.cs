using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using static TorchSharp.torch;

namespace RefusalExplorer.Benchmarks;

/// <summary>
/// One prompt, one ablation set, one forward, as hooks of the field's tools do it: at each hooked layer the residual stream is encoded by the whole
/// SAE, decoded, decoded again with the ablated features at zero, and the difference is written back (the SAE's error stays). The first token is left out.
/// </summary>
internal sealed class LiteralForward : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Transformer _transformer;
    private readonly int[] _prompt;
    private readonly FeatureId[] _pool;
    private readonly Dictionary<int, SaeSlice> _saes;
    private readonly Tensor _scope_1T1;

    public LiteralForward(LanguageModel model, ModelSpec spec, ImmutableArray<int> prompt, FeatureId[] pool)
    {
        using IDisposable noGrad = no_grad();
        (_model, _prompt, _pool) = (model, [.. prompt], pool);
        _transformer = DemoBenchmark.Float32(spec);
        _saes = spec.Saes.Keys.ToDictionary(l => l, l => Whole(model.Sae(l)));
        _scope_1T1 = ones(1, prompt.Length, 1);
        using Tensor first = _scope_1T1.narrow(1, 0, 1);
        first.zero_();
    }

    /// <summary>All features of an SAE as one slice.</summary>
    public static SaeSlice Whole(Sae sae) => sae.Slice([.. Enumerable.Range(0, sae.Config.Features)], ScalarType.Float32, CPU);

    /// <summary>Forwards so far.</summary>
    public int Forwards { get; private set; }

    /// <summary>P of the refusal tokens with these places of the pool ablated.</summary>
    public double Probability(int pool, IReadOnlySet<int> ablated)
    {
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        Forwards++;
        var byLayer = Enumerable.Range(0, pool).Where(ablated.Contains).ToLookup(i => _pool[i].Layer, i => (long)_pool[i].Index);
        using AttentionInputs inputs = AttentionInputs.Create(_transformer, [0], _prompt.Length, 0, null);
        Tensor resid_1TD = _transformer.Embed(tensor(_prompt.Select(i => (long)i).ToArray()).view(1, _prompt.Length));
        for (int l = 0; l < _transformer.Config.Layers; l++)
            resid_1TD = _transformer.Block(l, resid_1TD, inputs, Hook);
        float[] logits = _transformer.Unembed(resid_1TD.narrow(1, _prompt.Length - 1, 1).squeeze(1).contiguous()).ToFloats();
        return RefusalExplorer.Engine.Generation.Probability.Mass(logits, _model.RefusalTokens);

        Tensor Hook(int layer, ResidualSite site, Tensor resid)
        {
            if (site != ResidualSite.Post || !_saes.TryGetValue(layer, out SaeSlice? sae))
                return resid;
            Tensor z_1TF = sae.Encode(resid);
            Tensor ablated_1TF = z_1TF.clone();
            long[] features = [.. byLayer[layer]];
            if (features.Length > 0)
                ablated_1TF.index_fill_(2, tensor(features), 0f);
            Tensor change = sae.DecodeDelta(ablated_1TF, resid).PlusInPlace(sae.DecodeDelta(z_1TF, resid).neg());
            return resid.Plus(change.mul(_scope_1T1));
        }
    }

    public void Dispose()
    {
        foreach (SaeSlice sae in _saes.Values)
            sae.Dispose();
        _scope_1T1.Dispose();
        _transformer.Dispose();
    }
}
