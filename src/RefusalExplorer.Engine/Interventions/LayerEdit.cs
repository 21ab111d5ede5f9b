using RefusalExplorer.Engine.Kernels.Cuda;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>
/// One layer's feature edits on <c>hook_resid_post</c>: h̃ = h + (z′ − z)·W_dec over the edited columns alone. The SAE's error term
/// cancels, so no full dictionary is on the path (paper, "Sparse Autoencoders"; the ablation formula there in delta form).
/// </summary>
/// <remarks>The slice belongs to the model's cache, the kernels to the model.</remarks>
internal sealed class LayerEdit(SaeSlice slice, EditPattern? pattern, bool keepsLedger, FusedKernels? kernels = null) : IDisposable
{
    // Beyond this many tokens the products are large enough for cuBLAS to be faster than a warp for each feature.
    private const int FusedTokens = 512;
    private readonly EffectLedger? _ledger = pattern is not null && keepsLedger ? new EffectLedger(slice.DecoderNorms_S) : null;

    public IReadOnlyList<int> Features => slice.Features;

    public EffectLedger? Ledger => _ledger;

    public EditPattern? Pattern => pattern;

    /// <summary>The stream after the edits, and the activations that the edits found.</summary>
    public Tensor Apply(Tensor resid_BTD, StepTokens tokens, out Tensor acts_BTS)
    {
        if (pattern is null)
        {
            acts_BTS = slice.Encode(resid_BTD);
            return resid_BTD;
        }
        EditStep step = pattern.At(tokens);
        // The kernels' ledger counts tokens outside the scope as 0, which is no maximum of negative values.
        if (kernels is not null && !pattern.LeavesNegative && slice.Fused is { } fused && step.Packed is { } packed && _ledger is not null
            && resid_BTD.shape[0] == tokens.Rows && tokens.Rows * tokens.Columns <= FusedTokens)
        {
            return ApplyFused(fused, packed, resid_BTD, out acts_BTS);
        }
        acts_BTS = slice.Encode(resid_BTD);
        Tensor delta_BTS = acts_BTS * step.Gain;
        if (step.Offset is not null)
            delta_BTS = delta_BTS.PlusInPlace(step.Offset);
        _ledger?.Add(acts_BTS, delta_BTS, step.Mask);
        return resid_BTD.Plus(slice.DecodeDelta(delta_BTS, resid_BTD));
    }

    private Tensor ApplyFused(in FusedEdit fused, Tensor packed, Tensor resid_BTD, out Tensor acts_BTS)
    {
        long[] shape = [.. resid_BTD.shape[..2], slice.Features.Count];
        acts_BTS = empty(shape, ScalarType.Float32, resid_BTD.device);
        using Tensor delta_BTS = empty_like(acts_BTS);
        Tensor edited_BTD = empty_like(resid_BTD);
        kernels!.Edit(fused, resid_BTD, packed, acts_BTS, delta_BTS, _ledger!.Sums(shape[0], resid_BTD.device), edited_BTD);
        return edited_BTD;
    }

    public void KeepRows(IReadOnlyList<int> kept, IReadOnlyList<int> origins)
    {
        pattern?.KeepRows(kept);
        _ledger?.KeepRows(kept, origins);
    }

    public void Dispose()
    {
        pattern?.Dispose();
        _ledger?.Dispose();
    }
}
