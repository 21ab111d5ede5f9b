using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>
/// A Llama of 5 layers and width 16 with random weights that can be chatted with: one token a byte, a chat template, SAEs of 48 features at layers 2 and 3.
/// It says nothing sensible, which is enough to compare numbers.
/// </summary>
internal static class TinyChat
{
    public const string Name = "tiny-chat";
    public const int Width = 16, Features = 48, Layers = 5, Vocabulary = 259;

    /// <summary>Ends a turn.</summary>
    private const int End = 258;

    public static ConfiguredModel Write(string folder, long seed = 5)
    {
        var random = new SeededRandom(seed);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{Width}}, "intermediate_size": 24, "num_hidden_layers": {{Layers}},
              "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": {{Vocabulary}}, "max_position_embeddings": 256,
              "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true, "bos_token_id": 256, "eos_token_id": {{End}}, "hidden_act": "silu" }
            """);
        WriteTokenizer(folder);
        List<TensorData> tensors = [Random("model.embed_tokens.weight", Vocabulary, Width), Ones("model.norm.weight", 0.5f)];
        for (int l = 0; l < Layers; l++)
        {
            string block = $"model.layers.{l}.";
            tensors.AddRange(
            [
                Random(block + "self_attn.q_proj.weight", 16, Width), Random(block + "self_attn.k_proj.weight", 8, Width),
                Random(block + "self_attn.v_proj.weight", 8, Width), Random(block + "self_attn.o_proj.weight", Width, 16),
                Random(block + "mlp.gate_proj.weight", 24, Width), Random(block + "mlp.up_proj.weight", 24, Width),
                Random(block + "mlp.down_proj.weight", Width, 24), Ones(block + "input_layernorm.weight", 0.1f), Ones(block + "post_attention_layernorm.weight", 0.1f),
            ]);
        }
        SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), tensors);
        return new ConfiguredModel
        {
            Name = Name,
            Path = folder,
            SaePaths = new[] { 2, 3 }.ToImmutableSortedDictionary(l => l, l => Sae(Path.Combine(folder, $"sae{l}"), l)),
            DirectionLayer = 3,
        };

        TensorData Random(string name, int rows, int columns) =>
            new(name, Enumerable.Range(0, rows * columns).Select(_ => (float)(0.4 * random.NextGaussian())).ToArray(), rows, columns);

        TensorData Ones(string name, float spread) =>
            new(name, Enumerable.Range(0, Width).Select(_ => 1 + (float)(spread * random.NextGaussian())).ToArray(), Width);

        string Sae(string path, int layer)
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "cfg.json"), $$"""
                { "architecture": "jumprelu", "d_in": {{Width}}, "d_sae": {{Features}}, "dtype": "float32", "apply_b_dec_to_input": false,
                  "normalize_activations": "none", "metadata": { "hook_name": "blocks.{{layer}}.hook_resid_post" } }
                """);
            // Thresholds from low to hardly reached, so that some features are silent on a prompt; the last feature never fires.
            float[] bias = [.. Enumerable.Range(0, Features).Select(f => f == Features - 1 ? -1000f : -3f)];
            SafetensorsFile.Write(Path.Combine(path, "sae_weights.safetensors"),
            [
                Random("W_enc", Width, Features), Random("W_dec", Features, Width), new TensorData("b_enc", bias, Features),
                new TensorData("b_dec", new float[Width], Width), new TensorData("threshold", Enumerable.Range(0, Features).Select(f => 6f + (3 * (f % 10))).ToArray(), Features),
            ]);
            return path;
        }
    }

    private static void WriteTokenizer(string folder)
    {
        string[] special = ["<|s|>", "<|im_start|>", "<|im_end|>"];
        Dictionary<string, int> vocabulary = Enumerable.Range(0, 256).ToDictionary(b => ByteCharacter(b).ToString(), b => b);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = special.Select((content, i) => new { id = 256 + i, content, special = true, single_word = false, lstrip = false, rstrip = false, normalized = false }),
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true },
            decoder = new { type = "ByteLevel", add_prefix_space = true, trim_offsets = true, use_regex = true },
            model = new { type = "BPE", vocab = vocabulary, merges = Array.Empty<string>() },
        }));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), JsonSerializer.Serialize(new
        {
            bos_token = special[0],
            eos_token = special[2],
            chat_template = "<|s|>{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        }));
    }

    /// <summary>GPT-2's printable stand-in of a byte.</summary>
    private static char ByteCharacter(int value)
    {
        static bool IsPrintable(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)));
    }
}
