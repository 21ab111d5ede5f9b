using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Kernels.Cuda;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>
/// A Llama or Gemma 2 decoder: embedding, blocks, final norm, unembedding. Numerically it follows transformers'
/// <c>modeling_llama.py</c> and <c>modeling_gemma2.py</c>.
/// </summary>
internal sealed class Transformer : IDisposable
{
    /// <summary>Longest sequence served; factors for Llama 3.1's full 131,072 positions would cost 130 MB.</summary>
    public const int LongestSequence = 16384;

    private readonly Tensor embed_tokens;
    private readonly Block[] layers;
    private readonly RmsNorm norm;
    private readonly Linear lm_head;
    private readonly Scalar? _embedScale;
    private readonly Scalar? _finalSoftcap;

    public Transformer(ModelConfig config, IWeightSource source, LoadTarget target, IProgress<double>? progress = null)
    {
        Config = config;
        Target = target;
        lm_head = Linear.Load(source, target, config.ModelDim,
            (config.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight", config.Vocabulary));
        embed_tokens = config.TiedEmbeddings
            ? lm_head.Weight
            : source.Load("model.embed_tokens.weight", target.Dtype, target.Device, config.Vocabulary, config.ModelDim);
        layers = new Block[config.Layers];
        for (int l = 0; l < layers.Length; l++)
        {
            layers[l] = new Block(config, l, source, target);
            progress?.Report((l + 1.0) / layers.Length);
        }
        bool gemma = config.Family == ModelFamily.Gemma2;
        norm = new RmsNorm(source.Load("model.norm.weight", target.Dtype, target.Device, config.ModelDim), config.NormEpsilon, gemma);
        Rotary = new RotaryEmbedding(config, Math.Min(config.MaxPositions, LongestSequence), target.Dtype, target.Device);
        Fused = FusedKernels.TryCreate(config, target.Dtype, target.Device, out string kernels);
        Kernels = kernels;
        // The factor has the model's type: in bfloat16, Gemma's √2304 is 48 exactly and √3584 is 59.75.
        using Tensor scale = tensor(gemma ? Math.Sqrt(config.ModelDim) : 1.0, target.Dtype);
        double factor = scale.to(ScalarType.Float64).item<double>();
        _embedScale = factor == 1 ? null : Held.Of(factor);
        _finalSoftcap = config.FinalSoftcap is { } cap ? Held.Of(cap) : null;
    }

    public ModelConfig Config { get; }

    public LoadTarget Target { get; }

    public RotaryEmbedding Rotary { get; }

    /// <summary>Kernels that run whole blocks on a GPU; null where blocks run operator by operator.</summary>
    public FusedKernels? Fused { get; }

    /// <summary>How blocks run, and why not with fused kernels, in words.</summary>
    public string Kernels { get; }

    /// <summary>ids [B, T] → [B, T, D].</summary>
    public Tensor Embed(Tensor ids_BT)
    {
        Tensor embedded = embed_tokens.index_select(0, ids_BT.flatten()).view(ids_BT.shape[0], ids_BT.shape[1], Config.ModelDim);
        return _embedScale is null ? embedded : embedded.mul_(_embedScale);
    }

    /// <summary>One block, with its three hook points.</summary>
    public Tensor Block(int layer, Tensor resid_BTD, AttentionInputs inputs, ResidualHook hook) =>
        layers[layer].Forward(resid_BTD, inputs, hook);

    /// <summary>resid [N, D] → logits [N, V] in float32. The input should be contiguous: a strided one is a product for each row.</summary>
    public Tensor Unembed(Tensor resid_ND)
    {
        Tensor logits = lm_head.Forward(norm.Forward(resid_ND)).to(ScalarType.Float32);
        return _finalSoftcap is null ? logits : logits.div_(_finalSoftcap).tanh_().mul_(_finalSoftcap);
    }

    /// <summary>
    /// Directions [N, D] → what one unit of each adds to the logits, [N, V] in float32, with the final norm's weight folded into the unembedding.
    /// The norm's division, one positive factor for a whole position, and Gemma's soft cap are left out: neither changes an order.
    /// </summary>
    public Tensor UnembedDirections(Tensor directions_ND) =>
        lm_head.Forward(norm.Scale(directions_ND.to(ScalarType.Float32)).to(Target.Dtype)).to(ScalarType.Float32);

    public void Dispose()
    {
        if (!Config.TiedEmbeddings)
            embed_tokens.Dispose();
        foreach (Block layer in layers)
            layer.Dispose();
        norm.Dispose();
        lm_head.Dispose();
        Rotary.Dispose();
        Fused?.Dispose();
    }
}
