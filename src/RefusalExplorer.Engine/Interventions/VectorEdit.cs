using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>Adds a vector to a block's input, or projects one out at every write, on the rows that ask for it.</summary>
internal sealed class VectorEdit : IDisposable
{
    private readonly Tensor _vector_D;
    private readonly IReadOnlyList<int>? _layers;
    private readonly bool _projects;
    private readonly TokenScope _scope;
    private bool[] _rows;

    public VectorEdit(Intervention edit, bool[] rows, int modelDim, ScalarType dtype, Device device)
    {
        float[] values = [.. edit.Vector ?? throw new EngineException($"{edit.Op.Word()}: no direction was given; expected \"direction\" in the request")];
        if (values.Length != modelDim)
            throw new EngineException($"{edit.Op.Word()}: the direction has {values.Length} values; this model's residual stream has {modelDim}");
        if (Array.FindIndex(values, v => !float.IsFinite(v)) is >= 0 and int bad)
            throw new EngineException($"{edit.Op.Word()}: the direction's value {bad} is not a finite number");
        _projects = edit.Op == InterventionOp.ProjectOut;
        using var scope = NewDisposeScope();
        Tensor vector = tensor(values);
        Tensor used = _projects ? vector / Held.Use(1e-8, vector.norm().PlusInPlace) : Held.Use(edit.Value, vector.to(dtype, device).mul_);
        // Unit vector with the reference's guard against division by zero (FACTS: norm + 1e-8).
        _vector_D = used.to(dtype, device).MoveToOuterDisposeScope();
        _layers = edit.Layers;
        _scope = edit.Scope;
        _rows = rows;
    }

    public bool ActsAt(int layer, ResidualSite site) =>
        (_projects || site == ResidualSite.Pre) && (_layers is null || _layers.Contains(layer));

    public Tensor Apply(Tensor resid_BTD, StepTokens tokens)
    {
        Tensor change = _projects
            ? (resid_BTD.matmul(_vector_D).unsqueeze(-1) * _vector_D).neg_()
            : _vector_D.view(1, 1, -1);
        Tensor? mask = Mask(tokens, resid_BTD);
        return resid_BTD.Plus(mask is null ? change : change * mask);
    }

    public void KeepRows(IReadOnlyList<int> kept) => _rows = [.. kept.Select(k => _rows[k])];

    public void Dispose() => _vector_D.Dispose();

    // Null where every token of every row is touched.
    private Tensor? Mask(StepTokens tokens, Tensor resid)
    {
        var mask = new float[tokens.Rows * tokens.Columns];
        for (int b = 0; b < tokens.Rows; b++)
        {
            for (int t = 0; t < tokens.Columns; t++)
                mask[(b * tokens.Columns) + t] = _rows[b] && tokens.InScope(b, t, _scope) ? 1 : 0;
        }
        return mask.AsSpan().ContainsAnyExcept(1f)
            ? tensor(mask).view(tokens.Rows, tokens.Columns, 1).to(resid.dtype, resid.device)
            : null;
    }
}
