using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Kernels.Cuda;
using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>One transformer block. Gemma 2 norms each module's output as well, before it is written to the stream.</summary>
internal sealed class Block : IDisposable
{
    private readonly int _layer;
    private readonly Attention self_attn;
    private readonly Mlp mlp;
    private readonly RmsNorm input_layernorm;
    private readonly RmsNorm pre_mlp_norm;
    private readonly RmsNorm? post_attention_norm;
    private readonly RmsNorm? post_mlp_norm;
    private readonly BlockParts _parts;

    public Block(ModelConfig config, int layer, IWeightSource source, LoadTarget target)
    {
        _layer = layer;
        self_attn = new Attention(config, layer, source, target);
        mlp = new Mlp(config, layer, source, target);
        bool gemma = config.Family == ModelFamily.Gemma2;
        input_layernorm = Norm("input_layernorm");
        // Llama calls the norm before its MLP post_attention_layernorm; in Gemma 2 that name is the norm of attention's output.
        pre_mlp_norm = Norm(gemma ? "pre_feedforward_layernorm" : "post_attention_layernorm");
        post_attention_norm = gemma ? Norm("post_attention_layernorm") : null;
        post_mlp_norm = gemma ? Norm("post_feedforward_layernorm") : null;

        _parts = new BlockParts(
            input_layernorm, self_attn.Qkv, self_attn.Output, post_attention_norm, pre_mlp_norm, mlp.GateUp, mlp.Down, post_mlp_norm);

        RmsNorm Norm(string name) => new(
            source.Load($"model.layers.{layer}.{name}.weight", target.Dtype, target.Device, config.ModelDim), config.NormEpsilon, gemma);
    }

    public Tensor Forward(Tensor resid_BTD, AttentionInputs inputs, ResidualHook hook)
    {
        if (inputs.Fused is { } pass)
            return FusedBlock.Forward(_layer, _parts, resid_BTD, pass, hook);
        resid_BTD = hook(_layer, ResidualSite.Pre, resid_BTD);
        Tensor attn_out = self_attn.Forward(_layer, input_layernorm.Forward(resid_BTD), inputs);
        resid_BTD = hook(_layer, ResidualSite.Mid, resid_BTD.Plus(post_attention_norm?.Forward(attn_out) ?? attn_out));
        Tensor mlp_out = mlp.Forward(pre_mlp_norm.Forward(resid_BTD));
        return hook(_layer, ResidualSite.Post, resid_BTD.Plus(post_mlp_norm?.Forward(mlp_out) ?? mlp_out));
    }

    public void Dispose()
    {
        self_attn.Dispose();
        mlp.Dispose();
        input_layernorm.Dispose();
        pre_mlp_norm.Dispose();
        post_attention_norm?.Dispose();
        post_mlp_norm?.Dispose();
    }
}
