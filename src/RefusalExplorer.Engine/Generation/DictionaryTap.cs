using RefusalExplorer.Engine.Saes;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>Encodes whole dictionaries while a pass runs, one row at a time, and keeps what is not zero.</summary>
internal sealed class DictionaryTap(CaptureSpec spec, PaddedBatch batch, Func<int, Sae> saes, CancellationToken cancellation)
{
    private readonly Dictionary<int, SparseActivations>[] _rows = [.. batch.Ids.Select(_ => new Dictionary<int, SparseActivations>())];

    /// <summary>Takes a layer's output as it was before the layer's edits, [B or 1, T, D].</summary>
    public void Take(int layer, Tensor resid_BTD)
    {
        if (!spec.ActiveLayers.Contains(layer))
            return;
        bool one = resid_BTD.shape[0] == 1;
        for (int b = 0; b < _rows.Length; b++)
        {
            if (one && b > 0)
            {
                _rows[b][layer] = _rows[0][layer];
                continue;
            }
            int tokens = batch.Columns - batch.Padding[b];
            int kept = spec.ActiveTokens > 0 ? Math.Min(spec.ActiveTokens, tokens) : tokens;
            using Tensor x_TD = resid_BTD[b].narrow(0, batch.Columns - kept, kept);
            _rows[b][layer] = saes(layer).EncodeSparse(x_TD, cancellation);
        }
    }

    public IReadOnlyDictionary<int, SparseActivations> Row(int row) => _rows[row];
}
