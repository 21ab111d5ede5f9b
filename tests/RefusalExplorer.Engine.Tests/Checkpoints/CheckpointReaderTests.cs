using System.Collections.Immutable;
using System.Text.Json.Nodes;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

public sealed class CheckpointReaderTests : IDisposable
{
    private readonly TestFiles _files = new();

    public CheckpointReaderTests() => TorchNative.EnsureLoaded();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("models/llama31")]
    [InlineData("models/llama31-hub")]
    [InlineData("models/llama31-sharded")]
    public void Open_Llama31_ReadsBothFormsOfItsConfiguration(string golden)
    {
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(TestFiles.Golden(golden));
        ModelConfig config = checkpoint.Config;

        Assert.Equal((ModelFamily.Llama, 4, 64, 4, 2, 16, 128, 512), Dimensions(config));
        Assert.Equal((500000, new Llama3RopeScaling(8, 1, 4, 32)), (config.RopeTheta, config.RopeScaling));
        Assert.Equal((1e-5, false, 0.25, 512), (config.NormEpsilon, config.TiedEmbeddings, config.QueryScale, config.MaxPositions));
        Assert.Equal((null, null, null), (config.AttentionSoftcap, config.FinalSoftcap, config.SlidingWindow));
        Assert.Equal([1], config.EosIds);
        Assert.Equal(2, config.BosId);
    }

    [Theory]
    [InlineData("models/gemma2")]
    [InlineData("models/gemma2-hub")]
    public void Open_Gemma2_ReadsBothFormsOfItsConfiguration(string golden)
    {
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(TestFiles.Golden(golden));
        ModelConfig config = checkpoint.Config;

        Assert.Equal((ModelFamily.Gemma2, 4, 64, 4, 2, 16, 128, 512), Dimensions(config));
        Assert.Equal((50, 30, 8, 0.25), (config.AttentionSoftcap, config.FinalSoftcap, config.SlidingWindow, config.QueryScale));
        Assert.Equal([true, false, true, false], config.SlidingLayers);
        Assert.True(config.TiedEmbeddings);
    }

    [Fact]
    public void Open_DemoModel_HasTheFormOfItsCard()
    {
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(TestFiles.DemoModel);
        ModelConfig config = checkpoint.Config;

        Assert.Equal((ModelFamily.Llama, 30, 576, 9, 3, 64, 1536, 49152), Dimensions(config));
        Assert.Equal((100000, true, 1e-5, 0.125), (config.RopeTheta, config.TiedEmbeddings, config.NormEpsilon, config.QueryScale));
        Assert.NotEmpty(config.EosIds);
        Assert.NotNull(checkpoint.Gguf);
        Assert.Empty(config.RopeFrequencyFactors);
    }

    [Fact]
    public void Open_Shards_GivesTheTensorsOfTheSingleFile()
    {
        using OpenedCheckpoint single = CheckpointReader.Open(TestFiles.Golden("models/llama31"));
        using OpenedCheckpoint sharded = CheckpointReader.Open(TestFiles.Golden("models/llama31-sharded"));

        Assert.Equal(single.Weights.Names, sharded.Weights.Names);
        foreach (string name in single.Weights.Names)
        {
            using Tensor expected = single.Weights.Load(name, ScalarType.Float32, CPU);
            using Tensor found = sharded.Weights.Load(name, ScalarType.Float32, CPU, expected.shape);
            Assert.True(expected.equal(found).all().item<bool>(), name);
        }
        Assert.Null(sharded.Weights.TryGetQuantized("model.norm.weight"));
    }

    [Fact]
    public void Load_OtherShape_NamesFileTensorExpectedAndFound()
    {
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(TestFiles.Golden("models/smol"));

        string message = Assert.Throws<CheckpointFormatException>(() => checkpoint.Weights.Load("model.norm.weight", ScalarType.Float32, CPU, 73)).Message;
        Assert.Equal($"{TestFiles.Golden("models/smol/model.safetensors")}: model.norm.weight: shape [72], expected [73]", message);
        Assert.Contains("no such tensor", Assert.Throws<CheckpointFormatException>(() => checkpoint.Weights.Load("w", ScalarType.Float32, CPU)).Message);
    }

    [Fact]
    public void Open_MissingShardOrDisagreeingIndex_IsRefused()
    {
        string folder = _files.CopyOfGolden("models/llama31-sharded");
        string index = _files.PathOf("model.safetensors.index.json");
        string original = File.ReadAllText(index);
        string Refusal() => Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(folder)).Message;

        File.WriteAllText(index, original.Replace("\"lm_head.weight\"", "\"lm_foot.weight\"", StringComparison.Ordinal));
        Assert.Contains("lm_head.weight: the index does not name it", Refusal());
        File.WriteAllText(index, original.Replace("\"lm_head.weight\"", "\"lm_tail.weight\": \"model-00001-of-00002.safetensors\", \"lm_head.weight\"", StringComparison.Ordinal));
        Assert.Contains("lm_tail.weight: expected in model-00001-of-00002.safetensors, which does not hold it", Refusal());
        File.WriteAllText(index, original.Replace("model-00001-", "../model-00001-", StringComparison.Ordinal));
        Assert.Contains("expected a file name without a folder", Refusal());
        File.WriteAllText(index, original);
        File.Delete(_files.PathOf("model-00002-of-00002.safetensors"));
        Assert.Contains("shard model-00002-of-00002.safetensors is missing; download it", Refusal());
    }

    [Theory]
    [InlineData("model_type", "\"qwen2\"", "model_type: 'qwen2' is not supported, expected llama or gemma2")]
    [InlineData("model_type", "null", "model_type: missing")]
    [InlineData("attention_bias", "true", "attention_bias: true is not supported")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act: 'gelu' is not supported, expected silu")]
    [InlineData("rope_scaling", """{"type": "yarn", "factor": 4.0}""", "rope_type: 'yarn' is not supported")]
    [InlineData("rope_scaling", """{"type": "llama3", "factor": 4.0}""", "low_freq_factor: missing")]
    [InlineData("quantization_config", """{"bits": 4}""", "quantization_config: quantised safetensors are not supported")]
    [InlineData("num_hidden_layers", "5", "model.layers.4.input_layernorm.weight: missing")]
    [InlineData("num_hidden_layers", "3", "model.layers.3.input_layernorm.weight: not part of a Llama model of 3 layers")]
    [InlineData("vocab_size", "513", "model.embed_tokens.weight: shape [512, 64], expected [513, 64]")]
    [InlineData("hidden_size", "32", "model.embed_tokens.weight: shape [512, 64], expected [512, 32]")]
    [InlineData("intermediate_size", "256", "mlp.gate_proj.weight: shape [128, 64], expected [256, 64]")]
    [InlineData("head_dim", "8", "self_attn.q_proj.weight: shape [64, 64], expected [32, 64]")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads: 3 does not divide")]
    [InlineData("num_hidden_layers", "\"4\"", "num_hidden_layers: \"4\", expected a whole number")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps: 0, expected a number above 0")]
    [InlineData("eos_token_id", "[1, -1]", "eos_token_id: [1,-1], expected token ids")]
    public void Open_UnsupportedOrDisagreeingConfiguration_IsRefusedByField(string field, string value, string problem)
    {
        string folder = _files.CopyOfGolden("models/llama31-hub");
        Edit("config.json", field, value);

        string message = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(folder)).Message;
        Assert.Contains(problem, message);
        Assert.StartsWith(folder, message);
    }

    [Fact]
    public void Open_SeveralEndIds_UnitesGenerationConfigurationAndConfiguration()
    {
        string folder = _files.CopyOfGolden("models/llama31-hub");
        Edit("config.json", "eos_token_id", "[7, 3]");
        Edit("generation_config.json", "eos_token_id", "[3, 9]");

        using OpenedCheckpoint checkpoint = CheckpointReader.Open(folder);
        Assert.Equal([3, 9, 7], checkpoint.Config.EosIds);
    }

    [Fact]
    public void Open_OtherPaths_SaysWhatIsExpected()
    {
        Assert.Contains("no such file or folder", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_files.PathOf("none"))).Message);
        Assert.Contains("no config.json there", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_files.Folder)).Message);
        Assert.Contains("expected a .gguf file", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_files.Write("model.bin", "x"))).Message);
        File.Copy(TestFiles.Golden("models/smol/config.json"), _files.PathOf("config.json"));
        Assert.Contains("neither model.safetensors nor", Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_files.Folder)).Message);
    }

    [Fact]
    public void Fingerprint_OfEqualWeights_IsStableAndOfOthersDiffers()
    {
        string Of(string golden)
        {
            using OpenedCheckpoint checkpoint = CheckpointReader.Open(TestFiles.Golden(golden));
            return checkpoint.Weights.Fingerprint;
        }

        Assert.Equal(Of("models/llama31"), Of("models/llama31-hub"));
        ImmutableHashSet<string> all = [Of("models/llama31"), Of("models/llama31-sharded"), Of("models/smol"), Of("models/smol-bf16")];
        Assert.Equal(4, all.Count);
    }

    private void Edit(string file, string field, string json)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(_files.PathOf(file)))!;
        root[field] = JsonNode.Parse(json);
        File.WriteAllText(_files.PathOf(file), root.ToJsonString());
    }

    private static (ModelFamily, int, int, int, int, int, int, int) Dimensions(ModelConfig c) =>
        (c.Family, c.Layers, c.ModelDim, c.Heads, c.KeyValueHeads, c.HeadDim, c.MlpDim, c.Vocabulary);
}
