using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>An SAE on disk: memory-mapped, read by slices.</summary>
public sealed class Sae : IDisposable
{
    public static Sae Open(string path, SaeGatingRule? rule = null) => throw new NotImplementedException();
    public SaeConfig Config => throw new NotImplementedException();
    public string Location => throw new NotImplementedException();
    public string Fingerprint => throw new NotImplementedException();
    public SaeSlice Slice(IReadOnlyList<int> features, ScalarType dtype, Device device) => throw new NotImplementedException();
    /// <summary>Full encode, x [N, D] → z [N, F], in feature blocks, float32.</summary>
    public Tensor Encode(Tensor x_ND, CancellationToken cancellation = default) => throw new NotImplementedException();
    /// <summary>z [N, F] → reconstruction [N, D] of the inputs x [N, D] (needed where inputs are normalised).</summary>
    public Tensor Decode(Tensor z_NF, Tensor x_ND) => throw new NotImplementedException();
    /// <summary>cos(direction, W_dec[f]) for every feature, [F].</summary>
    public float[] DecoderCosines(ReadOnlySpan<float> direction) => throw new NotImplementedException();
    /// <summary>W_dec[f], [D].</summary>
    public float[] DecoderRow(int feature) => throw new NotImplementedException();
    public float[] DecoderNorms() => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>The columns of an SAE that an intervention edits, on the device.</summary>
public sealed class SaeSlice : IDisposable
{
    public IReadOnlyList<int> Features => throw new NotImplementedException();
    /// <summary>Activations of the slice's features, resid [..., D] → [..., S].</summary>
    public Tensor Encode(Tensor resid_BTD) => throw new NotImplementedException();
    /// <summary>What a change of activations does to the residual stream: delta [..., S] → [..., D]; resid is needed where inputs are normalised.</summary>
    public Tensor DecodeDelta(Tensor delta_BTS, Tensor resid_BTD) => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}
