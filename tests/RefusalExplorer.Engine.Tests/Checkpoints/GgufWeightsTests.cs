using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>A checkpoint that went through llama.cpp's conversion (written here literally) reads back as the original.</summary>
public sealed class GgufWeightsTests : IDisposable
{
    private static readonly float[] RopeFactors = [1, 1, 2, 4, 8, 8, 8, 8];
    private readonly TestFiles _files = new();

    public GgufWeightsTests() => TorchNative.EnsureLoaded();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("models/llama31", "llama")]
    [InlineData("models/gemma2", "gemma2")]
    public void ConvertedCheckpoint_HasTheOriginalsWeightsAndForm(string golden, string architecture)
    {
        using OpenedCheckpoint original = CheckpointReader.Open(TestFiles.Golden(golden));
        using OpenedCheckpoint converted = CheckpointReader.Open(Convert(original, architecture));

        Assert.Equal(original.Weights.Names, converted.Weights.Names);
        foreach (string name in original.Weights.Names)
        {
            using Tensor expected = original.Weights.Load(name, ScalarType.Float32, CPU);
            using Tensor found = converted.Weights.Load(name, ScalarType.Float32, CPU, expected.shape);
            // 1 + w was rounded to float32 in the file: Gemma's norms come back to within that rounding.
            Assert.True((expected - found).abs().max().item<float>() <= (name.Contains("norm", StringComparison.Ordinal) ? 2e-7 : 0), name);
        }
        ModelConfig expectedConfig = original.Config with { RopeScaling = null };
        ModelConfig config = converted.Config;
        Assert.Equal(expectedConfig.SlidingLayers, config.SlidingLayers);
        Assert.Equal(expectedConfig.EosIds, config.EosIds);
        Assert.Equal(architecture == "llama" ? RopeFactors : [], config.RopeFrequencyFactors);
        Assert.Equal(expectedConfig, config with
        {
            SlidingLayers = expectedConfig.SlidingLayers,
            EosIds = expectedConfig.EosIds,
            RopeFrequencyFactors = expectedConfig.RopeFrequencyFactors,
        });
    }

    [Theory]
    [InlineData("model.layers.3.self_attn.q_proj.weight", QuantizedFormat.Q4_1)]
    [InlineData("model.layers.3.self_attn.k_proj.weight", QuantizedFormat.Q4_1)]
    [InlineData("model.layers.3.mlp.down_proj.weight", QuantizedFormat.Q4_1)]
    [InlineData("model.embed_tokens.weight", QuantizedFormat.Q8_0)]
    public void TryGetQuantized_DemoModel_DequantisesToTheLoadedTensor(string name, QuantizedFormat format)
    {
        using OpenedCheckpoint demo = CheckpointReader.Open(TestFiles.DemoModel);
        QuantizedMatrix matrix = demo.Weights.TryGetQuantized(name)!;
        using Tensor loaded = demo.Weights.Load(name, ScalarType.Float32, CPU, matrix.Rows, matrix.Columns);
        var weights = new float[matrix.Rows * matrix.Columns];
        GgmlDequantizer.Dequantize(format == QuantizedFormat.Q4_1 ? GgmlType.Q4_1 : GgmlType.Q8_0, matrix.Blocks.Span, weights);

        Assert.Equal(format, matrix.Format);
        Assert.Equal(loaded.data<float>().ToArray(), weights);
    }

    [Fact]
    public void Load_DemoQueries_AreTheFilesRowsInTheConvertersInverseOrder()
    {
        using OpenedCheckpoint demo = CheckpointReader.Open(TestFiles.DemoModel);
        using Tensor loaded = demo.Weights.Load("model.layers.7.self_attn.q_proj.weight", ScalarType.Float32, CPU);
        using Tensor stored = tensor(demo.Gguf!.ReadFloats("blk.7.attn_q.weight")).reshape(576, 576);

        using Tensor permuted = Permute(loaded, 9);
        Assert.True(permuted.equal(stored).all().item<bool>());
        Assert.Null(demo.Weights.TryGetQuantized("model.norm.weight"));
    }

    [Fact]
    public void Open_TensorOfAnotherModel_IsRefusedByName()
    {
        using OpenedCheckpoint original = CheckpointReader.Open(TestFiles.Golden("models/llama31"));
        string path = Convert(original, "llama", b => b.Tensor("blk.0.attn_q.bias", new float[64], 64));

        Assert.Contains($"{path}: blk.0.attn_q.bias: not a tensor of a Llama model", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(path)).Message);
    }

    [Theory]
    [InlineData("general.architecture", "qwen2", "general.architecture: 'qwen2' is not supported")]
    [InlineData("llama.rope.scaling.type", "yarn", "llama.rope.scaling.type: 'yarn' is not supported")]
    public void Open_UnsupportedText_IsRefusedByKey(string key, string value, string problem)
    {
        var builder = new GgufBuilder().Text(key, value);
        if (key != "general.architecture")
            builder.Text("general.architecture", "llama");

        Assert.Contains(problem, Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_files.Write("bad.gguf", builder.Build()))).Message);
    }

    [Fact]
    public void Open_MetadataThatDisagreesWithTheTensors_IsRefused()
    {
        using OpenedCheckpoint original = CheckpointReader.Open(TestFiles.Golden("models/llama31"));
        string path = Convert(original with { Config = original.Config with { MlpDim = 96 } }, "llama");

        Assert.Contains("mlp.gate_proj.weight: shape [128, 64], expected [96, 64]", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(path)).Message);
    }

    private string Convert(OpenedCheckpoint original, string architecture, Action<GgufBuilder>? extra = null)
    {
        ModelConfig config = original.Config;
        bool llama = config.Family == ModelFamily.Llama;
        string Key(string key) => $"{architecture}.{key}";
        var builder = new GgufBuilder()
            .Text("general.architecture", architecture)
            .WholeNumber(Key("block_count"), config.Layers)
            .WholeNumber(Key("context_length"), config.MaxPositions)
            .WholeNumber(Key("embedding_length"), config.ModelDim)
            .WholeNumber(Key("feed_forward_length"), config.MlpDim)
            .WholeNumber(Key("attention.head_count"), config.Heads)
            .WholeNumber(Key("attention.head_count_kv"), config.KeyValueHeads)
            .WholeNumber(Key("attention.key_length"), config.HeadDim)
            .Number(Key("attention.layer_norm_rms_epsilon"), (float)config.NormEpsilon)
            .Number(Key("rope.freq_base"), (float)config.RopeTheta)
            .WholeNumber("tokenizer.ggml.bos_token_id", 2)
            .WholeNumber("tokenizer.ggml.eos_token_id", 1);
        if (llama)
            builder.Tensor("rope_freqs.weight", RopeFactors, RopeFactors.Length);
        else
            builder.WholeNumber(Key("attention.sliding_window"), config.SlidingWindow!.Value);
        foreach (string name in original.Weights.Names)
            AddTensor(builder, original, name, llama);
        extra?.Invoke(builder);
        return _files.Write($"{architecture}.gguf", builder.Build());
    }

    private static void AddTensor(GgufBuilder builder, OpenedCheckpoint original, string name, bool llama)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = original.Weights.Load(name, ScalarType.Float32, CPU);
        if (llama && name.Contains("q_proj", StringComparison.Ordinal))
            weights = Permute(weights, original.Config.Heads);
        else if (llama && name.Contains("k_proj", StringComparison.Ordinal))
            weights = Permute(weights, original.Config.KeyValueHeads);
        else if (!llama && name.EndsWith("norm.weight", StringComparison.Ordinal))
            weights += 1;
        (string From, string To)[] names =
        [
            ("model.embed_tokens", "token_embd"), ("lm_head", "output"), ("model.norm", "output_norm"), ("model.layers", "blk"),
            ("self_attn.o_proj", "attn_output"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
            ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"), ("input_layernorm", "attn_norm"),
            ("post_attention_layernorm", llama ? "ffn_norm" : "post_attention_norm"),
            ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
        ];
        builder.Tensor(
            names.Aggregate(name, (n, pair) => n.Replace(pair.From, pair.To, StringComparison.Ordinal)),
            weights.contiguous().data<float>().ToArray(), weights.shape);
    }

    // The converter's own steps: [heads, 2, pairs, columns] becomes [heads, pairs, 2, columns].
    private static Tensor Permute(Tensor weights, int heads) => weights
        .reshape(heads, 2, weights.shape[0] / heads / 2, weights.shape[1]).transpose(1, 2).reshape(weights.shape).contiguous();
}
