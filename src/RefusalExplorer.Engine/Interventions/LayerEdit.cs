using RefusalExplorer.Engine.Saes;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>
/// One layer's feature edits on <c>hook_resid_post</c>: h̃ = h + (z′ − z)·W_dec over the edited columns alone. The SAE's error term
/// cancels, so no full dictionary is on the path (paper, "Sparse Autoencoders"; the ablation formula there in delta form).
/// </summary>
/// <remarks>The slice belongs to the model's cache.</remarks>
internal sealed class LayerEdit(SaeSlice slice, EditPattern? pattern, bool keepsLedger) : IDisposable
{
    private readonly EffectLedger? _ledger = pattern is not null && keepsLedger ? new EffectLedger(slice.DecoderNorms_S) : null;

    public IReadOnlyList<int> Features => slice.Features;

    public EffectLedger? Ledger => _ledger;

    /// <summary>Whether the layer changes the stream, or only records.</summary>
    public bool Edits => pattern is not null;

    /// <summary>The stream after the edits, and the activations that the edits found.</summary>
    public Tensor Apply(Tensor resid_BTD, StepTokens tokens, out Tensor acts_BTS)
    {
        acts_BTS = slice.Encode(resid_BTD);
        if (pattern is null)
            return resid_BTD;
        EditStep step = pattern.At(tokens);
        Tensor delta_BTS = acts_BTS * step.Gain;
        if (step.Offset is not null)
            delta_BTS = delta_BTS.add_(step.Offset);
        _ledger?.Add(acts_BTS, delta_BTS, step.Mask);
        return resid_BTD + slice.DecodeDelta(delta_BTS, resid_BTD);
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
