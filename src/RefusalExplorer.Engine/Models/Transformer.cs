using RefusalExplorer.Engine.Checkpoints;
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
    private readonly double _embedScale;

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
        // The factor has the model's type: in bfloat16, Gemma's √2304 is 48 exactly and √3584 is 59.75.
        using Tensor scale = tensor(gemma ? Math.Sqrt(config.ModelDim) : 1.0, target.Dtype);
        _embedScale = scale.to(ScalarType.Float64).item<double>();
    }

    public ModelConfig Config { get; }

    public LoadTarget Target { get; }

    public RotaryEmbedding Rotary { get; }

    /// <summary>ids [B, T] → [B, T, D].</summary>
    public Tensor Embed(Tensor ids_BT)
    {
        Tensor embedded = embed_tokens.index_select(0, ids_BT.flatten()).view(ids_BT.shape[0], ids_BT.shape[1], Config.ModelDim);
        return _embedScale == 1 ? embedded : embedded.mul_(_embedScale);
    }

    /// <summary>One block, with its three hook points.</summary>
    public Tensor Block(int layer, Tensor resid_BTD, AttentionInputs inputs, ResidualHook hook) =>
        layers[layer].Forward(resid_BTD, inputs, hook);

    /// <summary>resid [N, D] → logits [N, V] in float32. The input should be contiguous: a strided one is a product for each row.</summary>
    public Tensor Unembed(Tensor resid_ND)
    {
        Tensor logits = lm_head.Forward(norm.Forward(resid_ND)).to(ScalarType.Float32);
        return Config.FinalSoftcap is { } cap ? logits.div_(cap).tanh_().mul_(cap) : logits;
    }

    public void Dispose()
    {
        if (!Config.TiedEmbeddings)
            embed_tokens.Dispose();
        foreach (Block layer in layers)
            layer.Dispose();
        norm.Dispose();
        lm_head.Dispose();
        Rotary.Dispose();
    }
}
