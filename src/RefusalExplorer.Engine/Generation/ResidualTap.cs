using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>Collects what a <see cref="CaptureSpec"/> asks for while a pass runs.</summary>
internal sealed class ResidualTap
{
    private readonly CaptureSpec _spec;
    private readonly PaddedBatch _batch;
    private readonly float[][][]? _residuals;
    private readonly float[][]? _cosine;
    private readonly float[][][]? _last;
    private readonly Tensor? _direction_D;

    public ResidualTap(CaptureSpec spec, PaddedBatch batch, ModelConfig config, Device device)
    {
        _spec = spec;
        _batch = batch;
        int rows = batch.Ids.Length;
        _residuals = spec.Residuals || spec.LastResiduals > 0 ? NewRows<float[]>(rows, config.Layers + 1) : null;
        _last = spec.LogitLens ? NewRows<float[]>(rows, config.Layers + 1) : null;
        if (spec.CosineTo is { } direction)
        {
            if (direction.Length != config.ModelDim)
                throw new EngineException($"direction has {direction.Length} values; this model's residual stream has {config.ModelDim}");
            _cosine = NewRows<float>(rows, config.Layers + 1);
            using Tensor raw = tensor(direction.ToArray(), device: device);
            using Tensor norm = raw.norm();
            _direction_D = raw / norm;
        }
    }

    /// <summary>L + 1 residuals of a row: [T, D], or the last n positions.</summary>
    public float[][]? Residuals(int row) => _residuals?[row];

    /// <summary>L + 1 cosines of a row's last token.</summary>
    public float[]? Cosine(int row) => _cosine?[row];

    /// <summary>L + 1 residuals [D] of a row's last token, for the logit lens.</summary>
    public float[][]? LastToken(int row) => _last?[row];

    public void Take(int layer, Tensor resid_BTD)
    {
        using var scope = NewDisposeScope();
        int rows = _batch.Ids.Length, T = _batch.Columns;
        bool one = resid_BTD.shape[0] == 1;
        for (int b = 0; _residuals is not null && b < rows; b++)
        {
            long first = _spec.Residuals ? _batch.Padding[b] : Math.Max(_batch.Padding[b], T - _spec.LastResiduals);
            _residuals[b][layer] = resid_BTD[one ? 0 : b].narrow(0, first, T - first).ToFloats();
        }
        if (_cosine is null && _last is null)
            return;
        Tensor last_BD = resid_BTD.narrow(1, resid_BTD.shape[1] - 1, 1).squeeze(1).to(ScalarType.Float32);
        float[]? cosine_B = _direction_D is null ? null : (last_BD.matmul(_direction_D) / last_BD.norm(1)).ToFloats();
        float[]? values = _last is null ? null : last_BD.ToFloats();
        int D = (int)last_BD.shape[1];
        for (int b = 0; b < rows; b++)
        {
            int source = one ? 0 : b;
            if (_cosine is not null)
                _cosine[b][layer] = cosine_B![source];
            if (_last is not null)
                _last[b][layer] = values.AsSpan(source * D, D).ToArray();
        }
    }

    private static T[][] NewRows<T>(int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => new T[columns])];
}
