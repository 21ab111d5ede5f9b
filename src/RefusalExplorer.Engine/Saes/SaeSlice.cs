using RefusalExplorer.Engine.Kernels.Cuda;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>The features of an SAE that an intervention edits, on the device: S columns of W_enc and rows of W_dec.</summary>
/// <remarks>
/// <para>Activations are elementwise in the feature, so a slice equals the same columns of the whole SAE, and the SAE's error term cancels in
/// h + (z′ − z)·W_dec (paper, "Feature ablation"). TopK is the exception: its features compete, so encoding streams the whole dictionary
/// from the file for each call, and the <see cref="Sae"/> must stay open; ties at the k-th place are broken by torch.topk.</para>
/// <para>The encoder is float32 whatever <c>dtype</c> was asked for, because a gate decided in bfloat16 is decided wrongly near its threshold;
/// the decoder has <c>dtype</c>. Tensors passed in must be on the slice's device, and belong to the caller, as do results.</para>
/// </remarks>
public sealed class SaeSlice : IDisposable
{
    private readonly SaeConfig _config;
    private readonly SaeStream? _wholeDictionary;
    private readonly SaeBlock? _encoder;
    private readonly Tensor? _columns_F;
    private readonly Tensor _b_dec_D;
    private readonly Tensor _W_dec_SD;

    internal SaeSlice(SaeConfig config, SaeWeights weights, SaeStream stream, int[] features, ScalarType dtype, Device device)
    {
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (_config, Features) = (config, features);
        _b_dec_D = weights.b_dec().to(device).DetachFromDisposeScope();
        _W_dec_SD = weights.Decoder(features).to(dtype, device).DetachFromDisposeScope();
        DecoderNorms_S = _W_dec_SD.to(ScalarType.Float32).norm(-1, keepdim: false, p: 2f).ToFloats();
        if (config.Architecture == SaeArchitecture.TopK)
        {
            _wholeDictionary = stream;
            _columns_F = ColumnsByFeature(config.Features, features).to(device).DetachFromDisposeScope();
        }
        else
        {
            _encoder = weights.Encoder(features).KeepOn(device);
            Fused = TryFuse(dtype, device);
        }
    }

    /// <summary>The features, in the order of the columns; distinct.</summary>
    public IReadOnlyList<int> Features { get; }

    /// <summary>‖W_dec[f]‖ of each feature, [S].</summary>
    public float[] DecoderNorms_S { get; }

    /// <summary>The slice as a fused kernel reads it; null off the GPU, and where the SAE's form is not elementwise JumpReLU or relu.</summary>
    internal FusedEdit? Fused { get; }

    /// <summary>Activations of the slice's features, resid [..., D] of any type → [..., S], float32.</summary>
    public Tensor Encode(Tensor resid_BTD)
    {
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor input_ND = SaeMath.Input(_config, resid_BTD.reshape(-1, _config.InputDim), _b_dec_D);
        Tensor z_NS = _encoder is null ? EncodeCompeting(input_ND) : SaeMath.Activations(_config, _encoder, input_ND);
        return z_NS.reshape([.. resid_BTD.shape[..^1], Features.Count]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What a change of activations does to the residual stream: delta [..., S] → [..., D] in the type of the residual stream. An all-zero change
    /// gives exact zeros.
    /// </summary>
    /// <param name="delta_BTS">z′ − z.</param>
    /// <param name="resid_BTD">
    /// The stream that was encoded: SAEs that normalise their inputs scale their output by it. It may have one row where delta has many.
    /// </param>
    public Tensor DecodeDelta(Tensor delta_BTS, Tensor resid_BTD)
    {
        using IDisposable grad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor change_BTD = delta_BTS.reshape(-1, Features.Count).to(_W_dec_SD.dtype).mm(_W_dec_SD)
            .reshape([.. delta_BTS.shape[..^1], _config.InputDim]);
        if (_config.Normalization != SaeNormalization.None)
        {
            Tensor scale_N1 = SaeMath.OutputScale(_config, resid_BTD.reshape(-1, _config.InputDim));
            change_BTD = change_BTD * scale_N1.reshape([.. resid_BTD.shape[..^1], 1]);
        }
        return change_BTD.to(resid_BTD.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder?.Dispose();
        Fused?.W_enc_SD.Dispose();
        _columns_F?.Dispose();
        _b_dec_D.Dispose();
        _W_dec_SD.Dispose();
    }

    private FusedEdit? TryFuse(ScalarType dtype, Device device)
    {
        bool elementwise = _config.Architecture is SaeArchitecture.JumpRelu or SaeArchitecture.Standard;
        if (device.type != DeviceType.CUDA || dtype != ScalarType.BFloat16 || !elementwise
            || _config.Normalization != SaeNormalization.None || _config.InputDim % 4 != 0)
        {
            return null;
        }
        return new FusedEdit(
            _encoder!.W_enc_DS.t().DetachFromDisposeScope(), _encoder.b_enc_S!, _encoder.threshold_S,
            _config.AppliesDecoderBiasToInput ? _b_dec_D : null, _W_dec_SD);
    }

    // The k winners are scattered into the slice's columns; winners outside the slice land in a column that is cut off.
    private Tensor EncodeCompeting(Tensor input_ND)
    {
        (Tensor values_NK, Tensor indices_NK) = _wholeDictionary!.LargestPreactivations(input_ND, default);
        Tensor columns_NK = _columns_F!.index_select(0, indices_NK.reshape(-1)).reshape(indices_NK.shape);
        return zeros([input_ND.shape[0], Features.Count + 1], ScalarType.Float32, input_ND.device)
            .scatter_(1, columns_NK, values_NK.relu()).narrow(1, 0, Features.Count);
    }

    private static Tensor ColumnsByFeature(int all, int[] features)
    {
        var columns = new long[all];
        Array.Fill(columns, features.Length);
        for (int column = 0; column < features.Length; column++)
            columns[features[column]] = column;
        return tensor(columns);
    }
}
