using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>How one layer's activations change in one pass: z′ = z + gain·z + offset, where the mask is set. All float32, as activations are.</summary>
/// <param name="Gain">Broadcasts to [B, T, S]; 0 leaves z, −1 removes it.</param>
/// <param name="Offset">Broadcasts to [B, T, S]; null where nothing is clamped.</param>
/// <param name="Mask">1 where an edit is in scope, broadcasts to [B, T, S].</param>
/// <param name="Packed">Gain, offset and mask as one contiguous tensor [3, B, T, S], where the pattern has them so.</param>
internal readonly record struct EditStep(Tensor Gain, Tensor? Offset, Tensor Mask, Tensor? Packed = null);

/// <summary>Gives a layer's <see cref="EditStep"/> for each pass.</summary>
internal abstract class EditPattern : IDisposable
{
    public abstract EditStep At(StepTokens tokens);

    /// <summary>Whether an activation may be negative after it.</summary>
    public virtual bool LeavesNegative => false;

    /// <summary>
    /// What <see cref="At"/> will need on the device for this pass, [3, B, T, S] in a row: gain, offset, mask. Null where it is there already.
    /// </summary>
    public virtual float[]? Pack(StepTokens tokens) => null;

    /// <summary>Hands over the device's copy of what <see cref="Pack"/> gave.</summary>
    public virtual void Use(Tensor packed, StepTokens tokens)
    {
    }

    /// <summary>Keeps the given rows only.</summary>
    public abstract void KeepRows(IReadOnlyList<int> rows);

    public abstract void Dispose();
}

/// <summary>Each row its own list of edits; edits compose in order (a clamp after a scale wins, a scale after a clamp multiplies it).</summary>
internal sealed class RowPattern(IReadOnlyList<IReadOnlyList<RowPattern.SlotEdit>> rows, int slots) : EditPattern
{
    /// <summary>z → factor·z + value on these slots of the slice; null is all of them.</summary>
    public sealed record SlotEdit(int[]? Slots, float Factor, float Value, TokenScope Scope);

    private IReadOnlyList<IReadOnlyList<SlotEdit>> _rows = rows;
    private readonly bool _leavesNegative = rows.Any(r => r.Any(e => e.Factor < 0 || e.Value < 0));
    private bool[]? _lastScopes;
    private bool _clamps;
    private EditStep? _last;

    public override bool LeavesNegative => _leavesNegative;

    public override EditStep At(StepTokens tokens) => _last ?? throw new InvalidOperationException("the pass was not prepared");

    public override float[]? Pack(StepTokens tokens)
    {
        bool[] scopes = Scopes(tokens);
        // While decoding, most scopes answer the same for token after token.
        if (_lastScopes is not null && scopes.AsSpan().SequenceEqual(_lastScopes))
            return null;
        DisposeLast();
        _lastScopes = scopes;
        return Build(tokens, scopes);
    }

    public override void Use(Tensor packed, StepTokens tokens)
    {
        Tensor all = packed.view(3, tokens.Rows, tokens.Columns, slots).DetachFromDisposeScope();
        _last = new EditStep(Part(0), _clamps ? Part(1) : null, Part(2), all);

        Tensor Part(int part) => all.select(0, part).DetachFromDisposeScope();
    }

    public override void KeepRows(IReadOnlyList<int> rows)
    {
        _rows = [.. rows.Select(r => _rows[r])];
        DisposeLast();
    }

    public override void Dispose() => DisposeLast();

    private bool[] Scopes(StepTokens tokens)
    {
        var scopes = new List<bool>();
        for (int b = 0; b < tokens.Rows; b++)
        {
            foreach (SlotEdit edit in _rows[b])
            {
                for (int t = 0; t < tokens.Columns; t++)
                    scopes.Add(tokens.InScope(b, t, edit.Scope));
            }
        }
        return [.. scopes];
    }

    private float[] Build(StepTokens tokens, bool[] scopes)
    {
        int T = tokens.Columns;
        int each = tokens.Rows * T * slots;
        var packed = new float[3 * each];
        Span<float> factor = packed.AsSpan(0, each), offset = packed.AsSpan(each, each), mask = packed.AsSpan(2 * each, each);
        factor.Fill(1f);
        int s = 0;
        for (int b = 0; b < tokens.Rows; b++)
        {
            foreach (SlotEdit edit in _rows[b])
            {
                for (int t = 0; t < T; t++)
                {
                    if (!scopes[s++])
                        continue;
                    int from = ((b * T) + t) * slots;
                    Compose(edit, factor.Slice(from, slots), offset.Slice(from, slots), mask.Slice(from, slots));
                }
            }
        }
        for (int i = 0; i < factor.Length; i++)
            factor[i] -= 1;
        _clamps = offset.ContainsAnyExcept(0f);
        return packed;
    }

    private static void Compose(SlotEdit edit, Span<float> factor, Span<float> offset, Span<float> mask)
    {
        if (edit.Slots is { } some)
        {
            foreach (int slot in some)
            {
                factor[slot] *= edit.Factor;
                offset[slot] = (edit.Factor * offset[slot]) + edit.Value;
                mask[slot] = 1;
            }
            return;
        }
        for (int slot = 0; slot < factor.Length; slot++)
        {
            factor[slot] *= edit.Factor;
            offset[slot] = (edit.Factor * offset[slot]) + edit.Value;
        }
        mask.Fill(1);
    }

    private void DisposeLast()
    {
        _lastScopes = null;
        if (_last is not { } last)
            return;
        last.Gain.Dispose();
        last.Offset?.Dispose();
        last.Mask.Dispose();
        last.Packed?.Dispose();
        _last = null;
    }
}

/// <summary>Many ablation sets over one prompt: one mask [B, S] times one scope [T], never the whole [B, T, S].</summary>
internal sealed class SetPattern(Tensor sets_BS, TokenScope scope) : EditPattern
{
    public override EditStep At(StepTokens tokens)
    {
        var inScope = new float[tokens.Columns];
        for (int t = 0; t < inScope.Length; t++)
            inScope[t] = tokens.InScope(0, t, scope) ? 1 : 0;
        Tensor mask = sets_BS.unsqueeze(1) * tensor(inScope, device: sets_BS.device).view(1, -1, 1);
        return new EditStep(mask.neg(), null, mask);
    }

    public override void KeepRows(IReadOnlyList<int> rows) =>
        throw new NotSupportedException("ablation batches are forward passes only");

    public override void Dispose() => sets_BS.Dispose();
}
