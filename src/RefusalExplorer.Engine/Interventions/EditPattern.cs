using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>How one layer's activations change in one pass: z′ = z + gain·z + offset, where the mask is set. All float32, as activations are.</summary>
/// <param name="Gain">Broadcasts to [B, T, S]; 0 leaves z, −1 removes it.</param>
/// <param name="Offset">Broadcasts to [B, T, S]; null where nothing is clamped.</param>
/// <param name="Mask">1 where an edit is in scope, broadcasts to [B, T, S].</param>
internal readonly record struct EditStep(Tensor Gain, Tensor? Offset, Tensor Mask);

/// <summary>Gives a layer's <see cref="EditStep"/> for each pass.</summary>
internal abstract class EditPattern : IDisposable
{
    public abstract EditStep At(StepTokens tokens);

    /// <summary>Keeps the given rows only.</summary>
    public abstract void KeepRows(IReadOnlyList<int> rows);

    public abstract void Dispose();
}

/// <summary>Each row its own list of edits; edits compose in order (a clamp after a scale wins, a scale after a clamp multiplies it).</summary>
internal sealed class RowPattern(IReadOnlyList<IReadOnlyList<RowPattern.SlotEdit>> rows, int slots, Device device) : EditPattern
{
    /// <summary>z → factor·z + value on these slots of the slice.</summary>
    public sealed record SlotEdit(int[] Slots, float Factor, float Value, TokenScope Scope);

    private IReadOnlyList<IReadOnlyList<SlotEdit>> _rows = rows;
    private bool[]? _lastScopes;
    private EditStep _last;

    public override EditStep At(StepTokens tokens)
    {
        bool[] scopes = Scopes(tokens);
        // While decoding, most scopes answer the same for token after token.
        if (_lastScopes is not null && scopes.AsSpan().SequenceEqual(_lastScopes))
            return _last;
        DisposeLast();
        _lastScopes = scopes;
        return _last = Build(tokens, scopes);
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

    private EditStep Build(StepTokens tokens, bool[] scopes)
    {
        int T = tokens.Columns;
        var factor = new float[tokens.Rows * T * slots];
        var offset = new float[factor.Length];
        var mask = new float[factor.Length];
        Array.Fill(factor, 1f);
        int s = 0;
        for (int b = 0; b < tokens.Rows; b++)
        {
            foreach (SlotEdit edit in _rows[b])
            {
                for (int t = 0; t < T; t++)
                {
                    if (!scopes[s++])
                        continue;
                    foreach (int slot in edit.Slots)
                    {
                        int i = (((b * T) + t) * slots) + slot;
                        factor[i] *= edit.Factor;
                        offset[i] = (edit.Factor * offset[i]) + edit.Value;
                        mask[i] = 1;
                    }
                }
            }
        }
        for (int i = 0; i < factor.Length; i++)
            factor[i] -= 1;
        return new EditStep(ToTensor(factor)!, offset.AsSpan().ContainsAnyExcept(0f) ? ToTensor(offset) : null, ToTensor(mask)!);

        Tensor ToTensor(float[] values) =>
            tensor(values).view(tokens.Rows, T, slots).to(device).DetachFromDisposeScope();
    }

    private void DisposeLast()
    {
        if (_lastScopes is null)
            return;
        _last.Gain.Dispose();
        _last.Offset?.Dispose();
        _last.Mask.Dispose();
        _lastScopes = null;
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
