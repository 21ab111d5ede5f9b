using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Grouped-query self-attention with rotary positions; Gemma 2 caps its logits.</summary>
internal sealed class Attention : IDisposable
{
    private readonly ModelConfig _config;
    private readonly Linear qkv_proj;
    private readonly Linear o_proj;
    private readonly bool _sliding;
    private readonly Scalar _queryScale;
    private readonly Scalar? _softcap;

    public Attention(ModelConfig config, int layer, IWeightSource source, LoadTarget target)
    {
        _config = config;
        _sliding = config.IsSliding(layer);
        _queryScale = Held.Of(config.QueryScale);
        _softcap = config.AttentionSoftcap is { } cap ? Held.Of(cap) : null;
        string prefix = $"model.layers.{layer}.self_attn.";
        int q = config.Heads * config.HeadDim, kv = config.KeyValueHeads * config.HeadDim;
        qkv_proj = Linear.Load(source, target, config.ModelDim,
            (prefix + "q_proj.weight", q), (prefix + "k_proj.weight", kv), (prefix + "v_proj.weight", kv));
        o_proj = Linear.Load(source, target, q, (prefix + "o_proj.weight", config.ModelDim));
    }

    /// <summary>Queries, keys and values, stacked.</summary>
    public Linear Qkv => qkv_proj;

    public Linear Output => o_proj;

    public Tensor Forward(int layer, Tensor x_BTD, AttentionInputs inputs)
    {
        long B = x_BTD.shape[0], T = x_BTD.shape[1], E = _config.HeadDim, H = _config.Heads, K = _config.KeyValueHeads;
        long G = H / K; // query heads that share a key head
        Tensor qkv = qkv_proj.Forward(x_BTD).view(B, T, H + K + K, E).transpose(1, 2);      // [B, H+2K, T, E]
        Tensor qk = RotaryEmbedding.Rotate(qkv.narrow(1, 0, H + K), inputs.Cos, inputs.Sin);
        Tensor q = qk.narrow(1, 0, H).mul(_queryScale);
        Tensor k = qk.narrow(1, H, K);
        Tensor v = qkv.narrow(1, H + K, K);
        if (inputs.Cache is { } cache)
            (k, v) = cache.Append(layer, k, v);

        // Queries of a group lie beside each other, so keys are never copied to every head.
        Tensor scores = q.reshape(B, K, G * T, E).matmul(k.transpose(2, 3));                 // [B, K, G·T, S]
        if (_softcap is not null)
            scores = scores.div_(_softcap).tanh_().mul_(_softcap);
        scores = scores.to(ScalarType.Float32);
        Tensor? mask = _sliding ? inputs.SlidingMask : inputs.FullMask;
        if (mask is not null)
            scores = scores.view(B, K, G, T, -1).PlusInPlace(mask.unsqueeze(1)).view(B, K, G * T, -1);
        Tensor weights = nn.functional.softmax(scores, -1).to(v.dtype);
        Tensor mixed = weights.matmul(v).view(B, H, T, E).transpose(1, 2).reshape(B, T, H * E);
        return o_proj.Forward(mixed);
    }

    public void Dispose()
    {
        qkv_proj.Dispose();
        o_proj.Dispose();
    }
}
