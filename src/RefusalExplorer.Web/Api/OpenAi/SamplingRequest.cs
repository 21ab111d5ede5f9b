using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>What chat and text completions have in common, with the extension <c>interventions</c>.</summary>
internal abstract record SamplingRequest
{
    private const int MostStops = 16, MostCopies = 16;

    /// <summary>A configured model, alone or with a preset: <c>demo@no-direction</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Most new tokens.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Sampling temperature; 0 is greedy. 1 if left out, as OpenAI has it.</summary>
    public double? Temperature { get; init; }

    /// <summary>Nucleus mass.</summary>
    public double? TopP { get; init; }

    /// <summary>Most likely tokens kept (as vLLM has it).</summary>
    public int? TopK { get; init; }

    /// <summary>Seed; 0 if left out, so that the same request gets the same answer.</summary>
    public long? Seed { get; init; }

    /// <summary>A text or a list of texts that end the answer.</summary>
    public JsonElement? Stop { get; init; }

    /// <summary>Answers to each prompt.</summary>
    public int? N { get; init; }

    /// <summary>Whether tokens come as server-sent events.</summary>
    public bool Stream { get; init; }

    /// <summary>What a stream tells beside its tokens.</summary>
    public StreamChoice? StreamOptions { get; init; }

    /// <summary>Goes on after an end token (as vLLM has it).</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Extension: edits, as <c>probe</c> takes them; after those of the preset.</summary>
    public ImmutableArray<ProbeIntervention> Interventions { get; init; } = [];

    /// <summary>Extension: direction of edits along one; null: the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>Must be 0.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Must be 0.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Must be 1 (as vLLM has it).</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Must be 0 (as vLLM has it).</summary>
    public double? MinP { get; init; }

    /// <summary>Must be empty.</summary>
    public JsonElement? LogitBias { get; init; }

    /// <summary>Passed over.</summary>
    public JsonElement? User { get; init; }

    /// <summary>Passed over.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Passed over.</summary>
    public JsonElement? Store { get; init; }

    /// <summary>Passed over.</summary>
    public JsonElement? ServiceTier { get; init; }

    /// <summary>Passed over: special tokens never show in the text.</summary>
    public bool? SkipSpecialTokens { get; init; }

    /// <summary>Refuses what would be asked for in vain.</summary>
    /// <exception cref="ApiException">A field has a value that has no effect here.</exception>
    public virtual void Check()
    {
        Refuse(PresencePenalty is not (null or 0), "presence_penalty", "0");
        Refuse(FrequencyPenalty is not (null or 0), "frequency_penalty", "0");
        Refuse(RepetitionPenalty is not (null or 1), "repetition_penalty", "1");
        Refuse(MinP is not (null or 0), "min_p", "0");
        Refuse(LogitBias is { ValueKind: JsonValueKind.Object } bias && bias.EnumerateObject().Any(), "logit_bias", "nothing");
        Refuse(Temperature is < 0 or > 100, "temperature", "0 to 100");
        Refuse(TopP is <= 0 or > 1, "top_p", "more than 0, at most 1");
        Refuse(TopK is < -1, "top_k", "-1 or more");
        Refuse(N is < 1 or > MostCopies, "n", $"1 to {MostCopies}");
        Refuse(SkipSpecialTokens == false, "skip_special_tokens", "true");
        Refuse(MaxTokens is < 0, "max_tokens", "0 or more");
    }

    /// <summary>How tokens are drawn.</summary>
    /// <param name="maxNewTokens">Most new tokens.</param>
    /// <param name="choices">Likely tokens told beside each, or null.</param>
    public GenerationOptions Generation(int maxNewTokens, int? choices) => new()
    {
        MaxNewTokens = maxNewTokens,
        Temperature = Temperature ?? 1,
        TopP = TopP ?? 1,
        TopK = Math.Max(0, TopK ?? 0),
        Seed = unchecked((int)(Seed ?? 0)),
        IgnoreEos = IgnoreEos,
        Stop = Stops(),
        Choices = choices,
    };

    /// <summary>The texts that end an answer.</summary>
    public ImmutableArray<string> Stops()
    {
        ImmutableArray<string> stops = Stop switch
        {
            null or { ValueKind: JsonValueKind.Null } => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            // Harnesses put null into the list where a tokenizer has no end token.
            { ValueKind: JsonValueKind.Array } many when many.EnumerateArray().All(s => s.ValueKind is JsonValueKind.String or JsonValueKind.Null) =>
                [.. many.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.String).Select(s => s.GetString()!)],
            _ => throw ApiException.BadRequest("stop: expected a text or a list of texts"),
        };
        Refuse(stops.Length > MostStops, "stop", $"at most {MostStops} texts");
        return [.. stops.Where(s => s.Length > 0)];
    }

    /// <summary>Refuses a field's value.</summary>
    /// <exception cref="ApiException">If it is bad.</exception>
    protected static void Refuse(bool bad, string field, string expected)
    {
        if (bad)
            throw ApiException.BadRequest($"{field}: expected {expected}; other values have no effect here");
    }

    /// <summary>What a stream tells beside its tokens.</summary>
    internal sealed record StreamChoice
    {
        /// <summary>Whether a last chunk counts the tokens.</summary>
        public bool IncludeUsage { get; init; }

        /// <summary>Passed over.</summary>
        public bool IncludeObfuscation { get; init; }
    }
}
