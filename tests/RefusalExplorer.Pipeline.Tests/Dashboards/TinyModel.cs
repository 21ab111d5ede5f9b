using System.Collections.Immutable;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Dashboards;

/// <summary>A Llama of 3 layers and width 8 with random weights and random SAEs at layers 0 and 2, written to a folder.</summary>
internal static class TinyModel
{
    public const int Width = 8, Vocabulary = 40, Features = 24;

    public static ModelSpec Write(string folder, long seed = 1)
    {
        var random = new SeededRandom(seed);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{Width}}, "intermediate_size": 16, "num_hidden_layers": 3,
              "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "vocab_size": {{Vocabulary}}, "max_position_embeddings": 64,
              "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu" }
            """);
        var tensors = new List<TensorData>
        {
            Random("model.embed_tokens.weight", Vocabulary, Width), Ones("model.norm.weight", 0.5f),
        };
        for (int l = 0; l < 3; l++)
        {
            string block = $"model.layers.{l}.";
            tensors.AddRange(
            [
                Random(block + "self_attn.q_proj.weight", 8, Width), Random(block + "self_attn.k_proj.weight", 4, Width),
                Random(block + "self_attn.v_proj.weight", 4, Width), Random(block + "self_attn.o_proj.weight", Width, 8),
                Random(block + "mlp.gate_proj.weight", 16, Width), Random(block + "mlp.up_proj.weight", 16, Width),
                Random(block + "mlp.down_proj.weight", Width, 16), Ones(block + "input_layernorm.weight", 0.1f), Ones(block + "post_attention_layernorm.weight", 0.1f),
            ]);
        }
        SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), tensors);
        return new ModelSpec
        {
            Name = "tiny",
            Path = folder,
            Saes = new[] { 0, 2 }.ToImmutableSortedDictionary(l => l, l => Sae(Path.Combine(folder, $"sae{l}"), l)),
        };

        TensorData Random(string name, int rows, int columns) =>
            new(name, Enumerable.Range(0, rows * columns).Select(_ => (float)(0.5 * random.NextGaussian())).ToArray(), rows, columns);

        TensorData Ones(string name, float spread) =>
            new(name, Enumerable.Range(0, Width).Select(_ => 1 + (float)(spread * random.NextGaussian())).ToArray(), Width);

        string Sae(string path, int layer)
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "cfg.json"), $$"""
                { "architecture": "jumprelu", "d_in": {{Width}}, "d_sae": {{Features}}, "dtype": "float32", "apply_b_dec_to_input": false,
                  "normalize_activations": "none", "metadata": { "hook_name": "blocks.{{layer}}.hook_resid_post" } }
                """);
            // A bias that no residual overcomes: the last feature never fires.
            float[] bias = [.. Enumerable.Range(0, Features).Select(f => f == Features - 1 ? -1000f : -0.5f)];
            SafetensorsFile.Write(Path.Combine(path, "sae_weights.safetensors"),
            [
                Random("W_enc", Width, Features), Random("W_dec", Features, Width), new TensorData("b_enc", bias, Features),
                new TensorData("b_dec", new float[Width], Width), new TensorData("threshold", Enumerable.Repeat(0.1f, Features).ToArray(), Features),
            ]);
            return path;
        }
    }

    /// <summary>Texts of 2 to 19 tokens.</summary>
    public static ImmutableArray<ImmutableArray<int>> Corpus(int texts, long seed = 2)
    {
        var random = new SeededRandom(seed);
        return [.. Enumerable.Range(0, texts).Select(_ =>
            (ImmutableArray<int>)[1, .. Enumerable.Range(0, 1 + random.NextInt(18)).Select(_ => 3 + random.NextInt(Vocabulary - 3))])];
    }
}
