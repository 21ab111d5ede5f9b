using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>An SAE's tensors in one orientation, whatever the file's: W_enc [D, F], W_dec [F, D]. Reads only the features asked for.</summary>
internal sealed class SaeWeights : IDisposable
{
    // Below this a decoder row counts as zero, as in SAELens (get_W_dec_norm).
    internal static readonly Scalar LeastNorm = Held.Of(1e-8);

    private readonly ITensorFile _file;
    private readonly SaeTensorNames _names;
    private readonly SaeFold _fold;
    private readonly float? _scalarThreshold;
    private readonly Dictionary<string, float[]> _vectors = [];

    /// <summary>Takes the file over and checks every tensor's shape, without reading one.</summary>
    /// <param name="file">The mapped file; disposed with this object, also when the check fails.</param>
    /// <param name="config">The form that the tensors must have.</param>
    /// <param name="names">What the file calls them.</param>
    /// <param name="fold">Factors to apply to what is read.</param>
    /// <param name="scalarThreshold">One threshold for all features, for layouts that store no tensor of them.</param>
    /// <exception cref="CheckpointFormatException">A tensor is missing or has another shape.</exception>
    public SaeWeights(ITensorFile file, SaeConfig config, SaeTensorNames names, SaeFold fold, float? scalarThreshold = null)
    {
        (_file, _names, _fold, _scalarThreshold) = (file, names, fold, scalarThreshold);
        (InputDim, Features) = (config.InputDim, config.Features);
        try
        {
            CheckShapes();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Elements of the file's tensors that were read so far: a slice must cost its own columns and the biases, never the dictionary.</summary>
    public long ElementsRead { get; private set; }

    public int InputDim { get; }

    public int Features { get; }

    /// <summary>The file's fingerprint, with the factors and the threshold that no tensor holds.</summary>
    public string Fingerprint => FormattableString.Invariant($"{_file.Fingerprint} {_fold} {_scalarThreshold}");

    /// <summary>The vector b_dec [D], float32 on the CPU.</summary>
    public Tensor b_dec() => Held.Use(_fold.b_dec, tensor(Vector(_names.b_dec)).mul_);

    /// <summary>Reads the encoder side of some features. Its tensors belong to the current dispose scope.</summary>
    public SaeBlock Encoder(int[] features)
    {
        Tensor W_enc_DS = Held.Use(_fold.W_enc, (_names.Transposed ? Rows(_names.W_enc, features).t() : Columns(_names.W_enc, features)).mul_);
        Tensor? b_enc_S = Pick(_names.b_enc, features) is { } stored ? Held.Use(_fold.b_enc, stored.mul_) : null;
        if (_fold.UnitDecoderRows)
        {
            Tensor norms_S = Norms(StoredDecoder(features));
            W_enc_DS.mul_(norms_S);
            b_enc_S?.mul_(norms_S);
        }
        Tensor? threshold_S = _scalarThreshold is { } t ? tensor(Enumerable.Repeat((float)t, features.Length).ToArray()) : Pick(_names.threshold, features);
        return new(
            W_enc_DS, b_enc_S, threshold_S?.relu_(),
            Pick(_names.b_gate, features), Pick(_names.b_mag, features), Pick(_names.r_mag, features)?.exp_());
    }

    /// <summary>Reads decoder rows [S, D], float32 on the CPU.</summary>
    public Tensor Decoder(int[] features)
    {
        Tensor W_dec_SD = StoredDecoder(features);
        return _fold.UnitDecoderRows ? W_dec_SD / Norms(W_dec_SD).unsqueeze(-1) : Held.Use(_fold.W_dec, W_dec_SD.mul_);
    }

    public void Dispose() => _file.Dispose();

    private Tensor StoredDecoder(int[] features) =>
        _names.Transposed ? Columns(_names.W_dec, features).t().contiguous() : Rows(_names.W_dec, features);

    private static Tensor Norms(Tensor W_dec_SD) => W_dec_SD.norm(-1, keepdim: false, p: 2f).clamp_min_(LeastNorm);

    // Straight into the tensor: a block by way of an array would leave tens of megabytes to the garbage collector each time.
    private Tensor Rows(string name, int[] features)
    {
        Tensor rows_SD = empty(features.Length, InputDim, ScalarType.Float32);
        if (features.Length > 0)
            _file.ReadRows(name, features, TensorMemory.Floats(rows_SD));
        ElementsRead += rows_SD.numel();
        return rows_SD;
    }

    private Tensor Columns(string name, int[] features)
    {
        Tensor columns_DS = empty(InputDim, features.Length, ScalarType.Float32);
        if (features.Length > 0)
            _file.ReadColumns(name, features, TensorMemory.Floats(columns_DS));
        ElementsRead += columns_DS.numel();
        return columns_DS;
    }

    private Tensor? Pick(string? name, int[] features)
    {
        if (name is null)
            return null;
        float[] all = Vector(name);
        return tensor(features.Select(f => all[f]).ToArray());
    }

    private float[] Vector(string name)
    {
        if (!_vectors.TryGetValue(name, out float[]? values))
        {
            _vectors[name] = values = _file.ReadFloats(name);
            ElementsRead += values.Length;
        }
        return values;
    }

    private void CheckShapes()
    {
        Expect(_names.W_enc, _names.Transposed ? [Features, InputDim] : [InputDim, Features]);
        Expect(_names.W_dec, _names.Transposed ? [InputDim, Features] : [Features, InputDim]);
        Expect(_names.b_dec, [InputDim]);
        foreach (string? name in (string?[])[_names.b_enc, _names.threshold, _names.b_gate, _names.b_mag, _names.r_mag])
        {
            if (name is not null)
                Expect(name, [Features]);
        }
    }

    private void Expect(string name, long[] shape)
    {
        string expected = $"[{string.Join(", ", shape)}]";
        if (!_file.Contains(name))
            throw new CheckpointFormatException(_file.Location, $"missing, expected shape {expected}; the file has {string.Join(", ", _file.Names)}", name);
        if (!_file.Shape(name).SequenceEqual(shape))
            throw new CheckpointFormatException(_file.Location, $"expected shape {expected}, found [{string.Join(", ", _file.Shape(name))}]", name);
    }
}
