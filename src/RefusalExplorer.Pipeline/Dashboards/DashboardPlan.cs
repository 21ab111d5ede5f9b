using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A pass with all that it depends on.</summary>
internal sealed record DashboardPlan
{
    // A block of logits of this many floats is 64 MB.
    private const int LogitsAtOnce = 16 << 20;

    public required string Model { get; init; }

    public required ModelSpec Spec { get; init; }

    public required ImmutableArray<int> Layers { get; init; }

    public required DashboardSettings Settings { get; init; }

    public required TokenizedCorpus Corpus { get; init; }

    public required string CorpusName { get; init; }

    public required string CorpusHash { get; init; }

    public required string WeightsFingerprint { get; init; }

    public required ImmutableSortedDictionary<int, (string Fingerprint, int Features)> Saes { get; init; }

    public required int FeaturesAtOnce { get; init; }

    /// <summary>Names everything that a layer's file depends on; how texts were batched is not among it.</summary>
    public string Key(int layer) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new
    {
        DashboardFormat.Version,
        WeightsFingerprint,
        Spec.Dtype,
        CorpusHash,
        Settings = Settings with { TokensPerBatch = 1 },
        Sae = Saes[layer].Fingerprint,
    })));

    /// <summary>The header of a layer's file, with the tokens that were silenced as sinks.</summary>
    public DashboardHeader Header(int layer, int sinks, DateTimeOffset now) => new()
    {
        Model = Model,
        WeightsFingerprint = WeightsFingerprint,
        Layer = layer,
        SaeFingerprint = Saes[layer].Fingerprint,
        Features = Saes[layer].Features,
        Texts = Corpus.Texts,
        Tokens = Corpus.Counted - sinks,
        Sinks = sinks,
        Corpus = CorpusName,
        CorpusHash = CorpusHash,
        Settings = Settings,
        CreatedAt = now,
        AppVersion = RunRecords.AppVersion,
        Key = Key(layer),
    };

    /// <summary>Reads the corpus's texts as the model does. Call on the engine thread.</summary>
    public static DashboardPlan Create(
        LanguageModel model, DashboardRequest request, string corpusPath, string corpusHash, ImmutableArray<CorpusText> texts, CancellationToken cancellation)
    {
        if (model.SaeLayers.Count == 0)
            throw new PipelineException($"dashboards of {request.Model}: it has no SAEs; name them in the settings");
        ITextTokenizer tokenizer = model.Tokenizer ?? throw new PipelineException(
            $"dashboards of {request.Model}: no tokenizer files beside its weights, so that the corpus cannot be read");
        var rows = new List<ImmutableArray<int>>(texts.Length);
        foreach (CorpusText text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Add(Encode(tokenizer, text.Text));
        }
        return Create(model, request, corpusPath, corpusHash, new TokenizedCorpus(rows, [.. texts.Select(t => t.MayBeHarmful)], request.Settings));
    }

    internal static DashboardPlan Create(LanguageModel model, DashboardRequest request, string corpusPath, string corpusHash, TokenizedCorpus corpus)
    {
        ImmutableArray<int> layers = request.Layers.IsEmpty ? [.. model.SaeLayers] : [.. request.Layers.Distinct().Order()];
        return new DashboardPlan
        {
            Model = request.Model,
            Spec = model.Spec,
            Layers = layers,
            Settings = request.Settings,
            Corpus = corpus,
            CorpusName = Path.GetFileName(corpusPath),
            CorpusHash = corpusHash,
            WeightsFingerprint = model.Fingerprint,
            Saes = layers.ToImmutableSortedDictionary(l => l, l => (model.Sae(l).Fingerprint, model.Sae(l).Config.Features)),
            FeaturesAtOnce = Math.Max(1, LogitsAtOnce / model.Config.Vocabulary),
        };
    }

    // Texts may begin with their own BOS; never twice.
    private static ImmutableArray<int> Encode(ITextTokenizer tokenizer, string text)
    {
        bool hasBos = tokenizer.BosId is { } bos && text.StartsWith(tokenizer.Piece(bos), StringComparison.Ordinal);
        return [.. tokenizer.Encode(text, addSpecial: !hasBos)];
    }
}
