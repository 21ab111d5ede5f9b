using System.Globalization;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>The tensors that a configuration calls for, and the comparison with those of the files.</summary>
internal static class CheckpointLayout
{
    private const string LayerPrefix = "model.layers.";

    /// <summary>Refuses weights that the configuration does not describe.</summary>
    /// <exception cref="CheckpointFormatException">A tensor is missing, of another shape, or of a layer or kind that the configuration lacks.</exception>
    internal static void Check(ModelConfig config, IWeightSource weights)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in Tensors(config))
        {
            expected.Add(name);
            if (!weights.Contains(name))
                throw new CheckpointFormatException(weights.Location, "missing, though the configuration calls for it", name);
            ShapeCheck.Require(weights.Location, name, weights.Shape(name), shape);
        }
        foreach (string name in weights.Names.Where(n => n.StartsWith(LayerPrefix, StringComparison.Ordinal) && !expected.Contains(n)))
        {
            // Old Llama checkpoints store a table that follows from the configuration.
            if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
                continue;
            throw new CheckpointFormatException(
                weights.Location, string.Create(CultureInfo.InvariantCulture, $"not part of a {config.Family} model of {config.Layers} layers"), name);
        }
    }

    /// <summary>Names and shapes of all tensors that a forward pass reads.</summary>
    internal static IEnumerable<(string Name, long[] Shape)> Tensors(ModelConfig config)
    {
        long d = config.ModelDim;
        long queries = (long)config.Heads * config.HeadDim;
        long keys = (long)config.KeyValueHeads * config.HeadDim;
        yield return ("model.embed_tokens.weight", [config.Vocabulary, d]);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            string block = string.Create(CultureInfo.InvariantCulture, $"{LayerPrefix}{layer}.");
            yield return (block + "input_layernorm.weight", [d]);
            yield return (block + "self_attn.q_proj.weight", [queries, d]);
            yield return (block + "self_attn.k_proj.weight", [keys, d]);
            yield return (block + "self_attn.v_proj.weight", [keys, d]);
            yield return (block + "self_attn.o_proj.weight", [d, queries]);
            yield return (block + "post_attention_layernorm.weight", [d]);
            if (config.Family == ModelFamily.Gemma2)
            {
                yield return (block + "pre_feedforward_layernorm.weight", [d]);
                yield return (block + "post_feedforward_layernorm.weight", [d]);
            }
            yield return (block + "mlp.gate_proj.weight", [config.MlpDim, d]);
            yield return (block + "mlp.up_proj.weight", [config.MlpDim, d]);
            yield return (block + "mlp.down_proj.weight", [d, config.MlpDim]);
        }
        yield return ("model.norm.weight", [d]);
        if (!config.TiedEmbeddings)
            yield return ("lm_head.weight", [config.Vocabulary, d]);
    }
}
