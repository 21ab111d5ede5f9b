using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>POST /v1/completions.</summary>
internal sealed record TextRequest : SamplingRequest
{
    private const int MostTop = 20;

    /// <summary>A text, a list of texts, ids, or a list of lists of ids.</summary>
    public JsonElement Prompt { get; init; }

    /// <summary>Whether the answer begins with the prompt, and its log-probabilities with the prompt's.</summary>
    public bool Echo { get; init; }

    /// <summary>Likely tokens told beside each; null: none are told.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Whether BOS and the like are added before a text (as vLLM has it).</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Must be n, or 1.</summary>
    public int? BestOf { get; init; }

    /// <summary>Must be null.</summary>
    public string? Suffix { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        Refuse(Logprobs is < 0 or > MostTop, "logprobs", $"0 to {MostTop}");
        Refuse(BestOf is not null && BestOf != (N ?? 1), "best_of", "the same as n");
        Refuse(!string.IsNullOrEmpty(Suffix), "suffix", "nothing");
        Refuse(Echo && Stream, "echo", "false with stream: true");
    }

    /// <summary>The prompts.</summary>
    /// <param name="most">How many are taken at once.</param>
    /// <exception cref="ApiException">They are of another form, or too many.</exception>
    public ImmutableArray<PromptSource> Prompts(int most)
    {
        ImmutableArray<PromptSource> prompts = Prompt.ValueKind switch
        {
            JsonValueKind.String => [Text(Prompt)],
            JsonValueKind.Array when Prompt.GetArrayLength() == 0 => throw ApiException.BadRequest("prompt: an empty list"),
            JsonValueKind.Array when Prompt[0].ValueKind == JsonValueKind.Number => [Ids(Prompt)],
            JsonValueKind.Array => [.. Prompt.EnumerateArray().Select(p => p.ValueKind switch
            {
                JsonValueKind.String => Text(p),
                JsonValueKind.Array => Ids(p),
                _ => throw Wrong(),
            })],
            _ => throw Wrong(),
        };
        return prompts.Length <= most ? prompts : throw ApiException.BadRequest($"{prompts.Length} prompts; at most {most} are taken at once");
    }

    private static PromptSource Text(JsonElement text) => new() { Text = text.GetString() };

    private static PromptSource Ids(JsonElement ids) =>
        new() { TokenIds = [.. ids.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out int id) ? id : throw Wrong())] };

    private static ApiException Wrong() => ApiException.BadRequest("prompt: expected a text, a list of texts, ids, or a list of lists of ids");
}
