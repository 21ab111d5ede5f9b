using RefusalExplorer.Engine.Kernels.Cuda;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>What every block's attention shares in one pass: rotary factors, masks and the cache.</summary>
/// <remarks>Rows are padded on the left, so that all rows end in the same column and one column is appended for a new token.</remarks>
internal sealed class AttentionInputs : IDisposable
{
    private const float Hidden = -1e30f;

    private readonly Tensor? _cos;
    private readonly Tensor? _sin;

    private AttentionInputs(Tensor cos, Tensor sin, KeyValueCache? cache) => (_cos, _sin, Cache) = (cos, sin, cache);

    private AttentionInputs(FusedPass fused) => Fused = fused;

    /// <summary>The pass of fused kernels, which know positions and masks themselves; the rest is empty then.</summary>
    public FusedPass? Fused { get; }

    public Tensor Cos => _cos ?? throw new InvalidOperationException("a fused pass has no factors");

    public Tensor Sin => _sin ?? throw new InvalidOperationException("a fused pass has no factors");

    /// <summary>Added to the attention logits, [B or 1, 1, T, S]; null where nothing is hidden.</summary>
    public Tensor? FullMask { get; private init; }

    /// <summary>The same for sliding blocks; null where nothing is hidden from them or none slides.</summary>
    public Tensor? SlidingMask { get; private init; }

    public KeyValueCache? Cache { get; }

    /// <param name="model">The model.</param>
    /// <param name="padding">Padding columns on the left of each row.</param>
    /// <param name="columns">New columns, T.</param>
    /// <param name="past">Columns in the cache before them.</param>
    /// <param name="cache">The cache, or null.</param>
    public static AttentionInputs Create(Transformer model, int[] padding, int columns, int past, KeyValueCache? cache)
    {
        (ModelConfig config, Device device) = (model.Config, model.Target.Device);
        if (model.Fused is { } kernels)
            return new AttentionInputs(new FusedPass(kernels, config, model.Rotary, padding, columns, past, cache, device));
        bool ragged = padding.Any(p => p != padding[0]);
        int[] rows = ragged ? padding : [padding[0]];
        var positions = new long[rows.Length * columns];
        for (int b = 0; b < rows.Length; b++)
        {
            for (int t = 0; t < columns; t++)
                positions[(b * columns) + t] = Math.Max(0, past + t - rows[b]);
        }
        (Tensor cos, Tensor sin) = model.Rotary.At(tensor(positions, device: device).view(rows.Length, columns));
        return new AttentionInputs(cos, sin, cache)
        {
            FullMask = Mask(rows, columns, past, null, device),
            SlidingMask = config.SlidingWindow is { } w ? Mask(rows, columns, past, w, device) : null,
        };
    }

    public void Dispose() => Fused?.Dispose();

    // Column j is visible from column i where it is not padding, not later, and within the window.
    private static Tensor? Mask(int[] padding, int columns, int past, int? window, Device device)
    {
        int total = past + columns;
        var mask = new float[padding.Length * columns * total];
        bool hides = false;
        for (int b = 0; b < padding.Length; b++)
        {
            for (int t = 0; t < columns; t++)
            {
                int i = past + t;
                int first = Math.Max(padding[b], window is { } w ? i - w + 1 : 0);
                Span<float> row = mask.AsSpan(((b * columns) + t) * total, total);
                row[..Math.Min(first, total)].Fill(Hidden);
                row[(i + 1)..].Fill(Hidden);
                hides |= first > 0 || i + 1 < total;
            }
        }
        return hides ? tensor(mask, device: device).view(padding.Length, 1, columns, total) : null;
    }
}
