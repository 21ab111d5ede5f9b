using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>The formulas of SAELens 6 (<c>sae_lens/saes</c>), in float32 whatever the model's type.</summary>
/// <remarks>
/// A gate compares a pre-activation with a threshold, and bfloat16 has eight bits: products of bfloat16 residuals with float32 weights are
/// summed in float32 here, which is what an SAE loaded in float32 beside a bfloat16 model does. The edited columns are few, so it costs little.
/// </remarks>
internal static class SaeMath
{
    private static readonly Scalar LayerNormEpsilon = Held.Of(1e-5);

    /// <summary>x [N, D] of any type → the encoder's input, float32: normalised, then less b_dec where the SAE says so.</summary>
    public static Tensor Input(SaeConfig config, Tensor x_ND, Tensor b_dec_D)
    {
        Tensor x = x_ND.to(ScalarType.Float32);
        x = config.Normalization switch
        {
            SaeNormalization.None => x,
            SaeNormalization.ConstantNormRescale => x / OutputScale(config, x),
            SaeNormalization.LayerNorm => x.Minus(x.mean([-1], keepdim: true)) / OutputScale(config, x).Plus(LayerNormEpsilon),
            _ => throw new InvalidOperationException($"unknown normalisation {config.Normalization}"),
        };
        return config.AppliesDecoderBiasToInput ? x.Minus(b_dec_D) : x;
    }

    /// <summary>Undoes the normalisation of x [N, D] on a reconstruction [N, D].</summary>
    public static Tensor Output(SaeConfig config, Tensor recon_ND, Tensor x_ND) => config.Normalization switch
    {
        SaeNormalization.None => recon_ND,
        SaeNormalization.ConstantNormRescale => recon_ND * OutputScale(config, x_ND),
        _ => (recon_ND * OutputScale(config, x_ND)).Plus(x_ND.to(ScalarType.Float32).mean([-1], keepdim: true)),
    };

    /// <summary>What a reconstruction is multiplied by to undo the normalisation of x [N, D]: [N, 1], float32.</summary>
    public static Tensor OutputScale(SaeConfig config, Tensor x_ND)
    {
        Tensor x = x_ND.to(ScalarType.Float32);
        return config.Normalization == SaeNormalization.LayerNorm
            ? x.std([-1L], unbiased: true, keepdim: true)
            : Held.Use(Math.Sqrt(config.InputDim), s => x.norm(-1, keepdim: true, p: 2f).div_(s));
    }

    /// <summary>Encoder input [N, D] → activations [N, S] of a block, for the architectures where features do not compete.</summary>
    public static Tensor Activations(SaeConfig config, SaeBlock block, Tensor input_ND) => config.Architecture switch
    {
        SaeArchitecture.Standard => Preactivations(block, input_ND).relu_(),
        SaeArchitecture.JumpRelu => JumpRelu(Preactivations(block, input_ND), block.threshold_S!),
        SaeArchitecture.Gated => Gated(block, input_ND),
        _ => throw new InvalidOperationException($"{config.Architecture} needs every feature's pre-activation"),
    };

    /// <summary>x·W_enc + b_enc, [N, S].</summary>
    public static Tensor Preactivations(SaeBlock block, Tensor input_ND) => addmm(block.b_enc_S!, input_ND, block.W_enc_DS, 1, 1);

    // The threshold is at least 0, so what passes is positive and relu has nothing left to do.
    private static Tensor JumpRelu(Tensor pre_NS, Tensor threshold_S) => pre_NS.masked_fill_(pre_NS.le(threshold_S), Held.Zero);

    private static Tensor Gated(SaeBlock block, Tensor input_ND)
    {
        // x·(W_enc·e^r) is (x·W_enc)·e^r: one product serves the gate and the magnitude.
        Tensor shared_NS = input_ND.mm(block.W_enc_DS);
        Tensor closed_NS = shared_NS.Plus(block.b_gate_S!).le(Held.Zero);
        return (shared_NS * block.scale_mag_S!).Plus(block.b_mag_S!).relu_().masked_fill_(closed_NS, Held.Zero);
    }
}
