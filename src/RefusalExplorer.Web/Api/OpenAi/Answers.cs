using System.Collections.Immutable;
using System.Text;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Completions;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>Answers in OpenAI's form. The field <c>refusal_explorer</c> is ours: whether the edits bit, and P("I").</summary>
internal static class Answers
{
    /// <summary>A chat completion.</summary>
    public static object Chat(string id, string model, long created, ChatRequest request, CompletionAnswer answer) => new
    {
        id,
        @object = "chat.completion",
        created,
        model,
        system_fingerprint = answer.Fingerprint,
        choices = answer.Items.Select((c, index) => new
        {
            index,
            message = new { role = "assistant", content = c.Text, refusal = (string?)null },
            logprobs = request.Logprobs ? new { content = c.Choices.Select(t => ChatToken(t, answer.TextOf)), refusal = (object?)null } : null,
            finish_reason = Finish(c),
        }),
        usage = Usage(answer.Items),
        refusal_explorer = answer.Items.Select(Proof),
    };

    /// <summary>A text completion.</summary>
    public static object Text(string id, string model, long created, TextRequest request, CompletionAnswer answer) => new
    {
        id,
        @object = "text_completion",
        created,
        model,
        system_fingerprint = answer.Fingerprint,
        choices = answer.Items.Select((c, index) => new
        {
            index,
            text = request.Echo ? string.Concat(c.PromptIds.Select(i => answer.TextOf[i])) + c.Text : c.Text,
            logprobs = request.Logprobs is null ? null : TextLogprobs(request, c, answer.TextOf),
            finish_reason = Finish(c),
        }),
        usage = Usage(answer.Items),
        refusal_explorer = answer.Items.Select(Proof),
    };

    /// <summary>A token's log-probability in a chat completion.</summary>
    public static object ChatToken(TokenChoice choice, Func<int, string> text) => new
    {
        token = text(choice.Token.Id),
        logprob = choice.Token.LogProb,
        bytes = Bytes(text(choice.Token.Id)),
        top_logprobs = choice.Top.Select(t => new { token = text(t.Id), logprob = t.LogProb, bytes = Bytes(text(t.Id)) }),
    };

    /// <summary>Why an answer ended.</summary>
    public static string Finish(Completion completion) => completion.Ended ? "stop" : "length";

    /// <summary>Tokens used; a prompt that was answered several times counts once.</summary>
    public static object Usage(ImmutableArray<Completion> items)
    {
        int prompt = items.DistinctBy(c => c.Prompt).Sum(c => c.PromptIds.Length), completion = items.Sum(c => c.Ids.Length);
        return new { prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion };
    }

    /// <summary>Whether the edits bit.</summary>
    public static object Proof(Completion completion, int index) => new
    {
        index,
        refusal_token_probability = completion.RefusalProbability,
        verdict = completion.Verdict?.Kind,
        effects = completion.Effects.Select(e => new
        {
            feature = e.Feature.ToString(),
            tokens_touched = e.TokensTouched,
            max_before = e.MaxBefore,
            max_after = e.MaxAfter,
            delta_norm = e.DeltaNorm,
        }),
    };

    private static object ChatToken(TokenChoice choice, ImmutableDictionary<int, string> texts) => ChatToken(choice, id => texts[id]);

    private static object TextLogprobs(TextRequest request, Completion c, ImmutableDictionary<int, string> texts)
    {
        // The first prompt token has nothing before it that could make it likely.
        IEnumerable<int> ids = request.Echo ? c.PromptIds.Concat(c.Ids) : c.Ids;
        TokenChoice?[] choices = request.Echo ? [null, .. c.PromptChoices, .. c.Choices] : [.. c.Choices];
        string[] tokens = [.. ids.Select(i => texts[i])];
        var offsets = new int[tokens.Length];
        for (int t = 1; t < tokens.Length; t++)
            offsets[t] = offsets[t - 1] + tokens[t - 1].Length;
        return new
        {
            tokens,
            token_logprobs = choices.Select(x => x?.Token.LogProb),
            top_logprobs = choices.Select(x => x is null ? null : Top(x, texts)),
            text_offset = offsets,
        };
    }

    /// <summary>The likely tokens at one position. Several may have the same text (parts of characters): the likeliest stands for it.</summary>
    public static Dictionary<string, double> Top(TokenChoice choice, IReadOnlyDictionary<int, string> texts)
    {
        var top = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (TokenLogProb t in choice.Top)
            top.TryAdd(texts[t.Id], t.LogProb);
        top.TryAdd(texts[choice.Token.Id], choice.Token.LogProb);
        return top;
    }

    private static int[] Bytes(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];
}
