using System.Globalization;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>What to do with a GGUF tensor to have the Hugging Face one.</summary>
/// <param name="Name">Hugging Face name.</param>
/// <param name="PermutedHeads">Heads whose rotary halves were interleaved by the converter, or 0.</param>
/// <param name="Addend">Added to every element.</param>
internal readonly record struct GgufMapping(string Name, int PermutedHeads = 0, float Addend = 0);

/// <summary>GGUF names to Hugging Face names (llama.cpp, <c>gguf-py/gguf/tensor_mapping.py</c> and <c>convert_hf_to_gguf.py</c>).</summary>
internal static class GgufNames
{
    internal const string RopeFrequencies = "rope_freqs.weight";

    /// <summary>The mapping, or null for a tensor that a model of this family does not have.</summary>
    internal static GgufMapping? Map(string name, ModelConfig config)
    {
        // The converter stores Gemma's norms as 1 + w, since llama.cpp multiplies by the stored value.
        float norm = config.Family == ModelFamily.Gemma2 ? -1 : 0;
        string[] parts = name.Split('.');
        return parts switch
        {
            ["token_embd", "weight"] => new GgufMapping("model.embed_tokens.weight"),
            ["output", "weight"] => new GgufMapping("lm_head.weight"),
            ["output_norm", "weight"] => new GgufMapping("model.norm.weight", Addend: norm),
            ["blk", var layer, var part, "weight"] when int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int l) =>
                Block(part, config, norm) is { } mapping ? mapping with { Name = $"model.layers.{l}.{mapping.Name}.weight" } : null,
            _ => null,
        };
    }

    private static GgufMapping? Block(string part, ModelConfig config, float norm)
    {
        // llama.cpp's rotary embedding for "llama" turns neighbouring pairs, transformers turns halves: the converter reorders the rows.
        bool llama = config.Family == ModelFamily.Llama;
        return part switch
        {
            "attn_q" => new GgufMapping("self_attn.q_proj", llama ? config.Heads : 0),
            "attn_k" => new GgufMapping("self_attn.k_proj", llama ? config.KeyValueHeads : 0),
            "attn_v" => new GgufMapping("self_attn.v_proj"),
            "attn_output" => new GgufMapping("self_attn.o_proj"),
            "ffn_gate" => new GgufMapping("mlp.gate_proj"),
            "ffn_up" => new GgufMapping("mlp.up_proj"),
            "ffn_down" => new GgufMapping("mlp.down_proj"),
            "attn_norm" => new GgufMapping("input_layernorm", Addend: norm),
            "ffn_norm" => new GgufMapping(llama ? "post_attention_layernorm" : "pre_feedforward_layernorm", Addend: norm),
            "post_attention_norm" when !llama => new GgufMapping("post_attention_layernorm", Addend: norm),
            "post_ffw_norm" when !llama => new GgufMapping("post_feedforward_layernorm", Addend: norm),
            _ => null,
        };
    }
}
