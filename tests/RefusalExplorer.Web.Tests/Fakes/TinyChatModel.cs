using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Web.Tests.Fakes;

/// <summary>
/// A Llama of 3 layers and width 8 with random weights, a tokenizer with one token a byte, a chat template, and random SAEs at layers 0 and 2.
/// It talks nonsense fast.
/// </summary>
internal static class TinyChatModel
{
    public const string Name = "tiny";
    public const int Vocabulary = 260, Features = 24;
    private const int Width = 8;

    /// <summary>Settings below <c>RefusalExplorer:</c> that make it known.</summary>
    public static IEnumerable<string> Settings(string folder, string name = Name) =>
        [$"Models:0:Name={name}", $"Models:0:Path={folder}", $"Models:0:Saes={folder}/sae{{l}}", "Models:0:SaeLayers:0=0", "Models:0:SaeLayers:1=2", "Models:0:DirectionLayer=1"];

    /// <summary>Writes it.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="positions">Longest sequence.</param>
    public static void Write(string folder, int positions = 512)
    {
        var random = new SeededRandom(7);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{Width}}, "intermediate_size": 16, "num_hidden_layers": 3,
              "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "vocab_size": {{Vocabulary}}, "max_position_embeddings": {{positions}},
              "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true, "bos_token_id": 256, "eos_token_id": 258, "hidden_act": "silu" }
            """);
        WriteTokenizer(folder);
        var tensors = new List<TensorData> { Random("model.embed_tokens.weight", Vocabulary, Width), Ones("model.norm.weight", 0.5f) };
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
        foreach (int layer in new[] { 0, 2 })
            WriteSae(Path.Combine(folder, $"sae{layer}"), layer);

        TensorData Random(string name, int rows, int columns) =>
            new(name, Enumerable.Range(0, rows * columns).Select(_ => (float)(0.5 * random.NextGaussian())).ToArray(), rows, columns);

        TensorData Ones(string name, float spread) =>
            new(name, Enumerable.Range(0, Width).Select(_ => 1 + (float)(spread * random.NextGaussian())).ToArray(), Width);

        void WriteSae(string path, int layer)
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "cfg.json"), $$"""
                { "architecture": "jumprelu", "d_in": {{Width}}, "d_sae": {{Features}}, "dtype": "float32", "apply_b_dec_to_input": false,
                  "normalize_activations": "none", "metadata": { "hook_name": "blocks.{{layer}}.hook_resid_post" } }
                """);
            SafetensorsFile.Write(Path.Combine(path, "sae_weights.safetensors"),
            [
                Random("W_enc", Width, Features), Random("W_dec", Features, Width), new TensorData("b_enc", new float[Features], Features),
                new TensorData("b_dec", new float[Width], Width), new TensorData("threshold", Enumerable.Repeat(0.1f, Features).ToArray(), Features),
            ]);
        }
    }

    // GPT-2's bytes in order, then the special tokens.
    private static void WriteTokenizer(string folder)
    {
        var vocabulary = new Dictionary<string, int>();
        int next = 256;
        for (int b = 0; b < 256; b++)
            vocabulary[((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? b : next++)).ToString()] = b;
        string[] special = ["<|begin|>", "<|im_start|>", "<|im_end|>", "<|pad|>"];
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            added_tokens = special.Select((content, i) => new { id = 256 + i, content, special = true, single_word = false, lstrip = false, rstrip = false, normalized = false }),
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, use_regex = true },
            decoder = new { type = "ByteLevel" },
            model = new { type = "BPE", vocab = vocabulary, merges = Array.Empty<string>() },
        }));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), JsonSerializer.Serialize(new
        {
            bos_token = special[0],
            eos_token = special[2],
            chat_template = "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        }));
    }
}
