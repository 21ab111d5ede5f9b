using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Reads a model's form from GGUF metadata (llama.cpp, <c>gguf-py/gguf/constants.py</c>; defaults from its loader, <c>llama-model.cpp</c>).</summary>
internal sealed class GgufConfig
{
    private readonly GgufFile _file;
    private readonly string _architecture;
    private readonly ModelFamily _family;

    private GgufConfig(GgufFile file)
    {
        _file = file;
        const string Key = "general.architecture";
        _architecture = file.Text(Key) ?? throw new CheckpointFormatException(file.Location, "missing, expected llama or gemma2", Key);
        _family = _architecture switch
        {
            "llama" => ModelFamily.Llama,
            "gemma2" => ModelFamily.Gemma2,
            _ => throw new CheckpointFormatException(file.Location, $"'{_architecture}' is not supported, expected llama or gemma2", Key),
        };
    }

    internal static ModelConfig Read(GgufFile file) => new GgufConfig(file).Read();

    private ModelConfig Read()
    {
        RefuseUnsupported();
        int layers = Require("block_count");
        int dim = Require("embedding_length");
        int heads = Require("attention.head_count");
        int keyValueHeads = Count("attention.head_count_kv") ?? heads;
        if (heads % keyValueHeads != 0)
            throw Refuse("attention.head_count_kv", $"{keyValueHeads} does not divide head_count {heads}");
        int headDim = Count("attention.key_length") ?? dim / heads;
        RequireEqual("attention.value_length", headDim);
        RequireEqual("rope.dimension_count", headDim);
        if (headDim < 2 || headDim % 2 != 0)
            throw Refuse("attention.key_length", $"{headDim}, expected an even number");
        ModelConfig config = new()
        {
            Family = _family,
            Layers = layers,
            ModelDim = dim,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            MlpDim = Require("feed_forward_length"),
            Vocabulary = Vocabulary(),
            MaxPositions = Require("context_length"),
            RopeTheta = Positive("rope.freq_base") ?? 10000,
            RopeFrequencyFactors = [.. ReadRopeFactors(headDim)],
            NormEpsilon = Positive("attention.layer_norm_rms_epsilon") ?? throw Refuse("attention.layer_norm_rms_epsilon", "missing"),
            TiedEmbeddings = !_file.Contains("output.weight"),
            QueryScale = 1 / Math.Sqrt(headDim),
            BosId = Id("tokenizer.ggml.bos_token_id"),
            EosIds = [.. EosIds()],
        };
        return _family == ModelFamily.Gemma2 ? WithGemma(config) : config;
    }

    private ModelConfig WithGemma(ModelConfig config)
    {
        // The file has no query_pre_attn_scalar: 2B and 9B use the head's width, 27B (46 layers) d_model / heads, as llama.cpp tells them apart.
        const int LayersOf27B = 46;
        double scalar = config.Layers == LayersOf27B ? (double)config.ModelDim / config.Heads : config.HeadDim;
        return config with
        {
            QueryScale = 1 / Math.Sqrt(scalar),
            AttentionSoftcap = Positive("attn_logit_softcapping") ?? 50,
            FinalSoftcap = Positive("final_logit_softcapping") ?? 30,
            SlidingWindow = Count("attention.sliding_window") ?? 4096,
            SlidingLayers = [.. Enumerable.Range(0, config.Layers).Select(l => l % 2 == 0)],
        };
    }

    // Llama 3.1's scaling comes as a table: frequency i is divided by factor i.
    private float[] ReadRopeFactors(int headDim)
    {
        if (!_file.Contains(GgufNames.RopeFrequencies))
            return [];
        ShapeCheck.Require(_file.Location, GgufNames.RopeFrequencies, _file.Shape(GgufNames.RopeFrequencies), [headDim / 2]);
        float[] factors = _file.ReadFloats(GgufNames.RopeFrequencies);
        return Array.TrueForAll(factors, f => float.IsFinite(f) && f > 0)
            ? factors
            : throw new CheckpointFormatException(_file.Location, "expected finite factors above 0", GgufNames.RopeFrequencies);
    }

    private int Vocabulary()
    {
        const string Embedding = "token_embd.weight";
        long rows = _file.Tensor(Embedding).Rows;
        return rows <= int.MaxValue ? (int)rows : throw new CheckpointFormatException(_file.Location, $"{rows} rows", Embedding);
    }

    private IEnumerable<int> EosIds() =>
        ((string[])["eos_token_id", "eot_token_id", "eom_token_id"]).Select(k => Id($"tokenizer.ggml.{k}")).OfType<int>().Distinct();

    private void RefuseUnsupported()
    {
        if (_file.WholeNumber("split.count") > 1)
            throw new CheckpointFormatException(_file.Location, "one part of a split GGUF; join the parts with llama.cpp's gguf-split --merge", "split.count");
        if (_file.WholeNumber(Full("expert_count")) > 0)
            throw Refuse("expert_count", "mixtures of experts are not supported");
        string scaling = _file.Text(Full("rope.scaling.type")) ?? "none";
        if (scaling != "none")
            throw Refuse("rope.scaling.type", $"'{scaling}' is not supported, expected none");
        if (_family == ModelFamily.Llama && _file.WholeNumber(Full("attention.sliding_window")) > 0)
            throw Refuse("attention.sliding_window", "sliding windows are not supported for llama");
    }

    private string Full(string key) => $"{_architecture}.{key}";

    private int Require(string key) => Count(key) ?? throw Refuse(key, "missing, expected a whole number");

    private int? Count(string key) => _file.WholeNumber(Full(key)) switch
    {
        null => null,
        > 0 and <= 1 << 24 and var value => (int)value,
        var value => throw Refuse(key, $"{value}, expected a whole number from 1 to 16777216"),
    };

    private double? Positive(string key) => _file.Number(Full(key)) switch
    {
        null => null,
        > 0 and < double.PositiveInfinity and var value => value,
        var value => throw Refuse(key, $"{value}, expected a number above 0"),
    };

    private int? Id(string key) => _file.WholeNumber(key) switch
    {
        null => null,
        >= 0 and <= int.MaxValue and var value => (int)value,
        var value => throw new CheckpointFormatException(_file.Location, $"{value}, expected a token id", key),
    };

    private void RequireEqual(string key, int expected)
    {
        if (Count(key) is { } value && value != expected)
            throw Refuse(key, $"{value}, expected the head's width {expected}");
    }

    private CheckpointFormatException Refuse(string key, string problem) => new(_file.Location, problem, Full(key));
}
