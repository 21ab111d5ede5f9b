using System.Runtime.CompilerServices;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Completions;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>A stream's chunks in OpenAI's form; the last event is <c>[DONE]</c>.</summary>
/// <param name="Id">Of the completion.</param>
/// <param name="Model">As the request names it.</param>
/// <param name="Created">Unix seconds.</param>
internal sealed record Chunks(string Id, string Model, long Created)
{
    /// <summary>Of a chat completion.</summary>
    public async IAsyncEnumerable<StreamEvent> ChatAsync(TokenStream stream, ChatRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        int copies = request.N ?? 1;
        for (int i = 0; i < copies; i++)
            yield return Chat(i, new { role = "assistant", content = "" }, null, null);
        StopBuffer[] buffers = [.. Enumerable.Range(0, copies).Select(_ => new StopBuffer(request.Stops()))];
        await foreach (CompletionToken token in stream.ReadAsync(cancellation))
        {
            string text = buffers[token.Item].Push(token.Text);
            object? logprobs = Logprobs(token);
            if (text.Length > 0 || logprobs is not null)
                yield return Chat(token.Item, new { content = text }, logprobs, null);
        }
        CompletionAnswer answer = await stream.Answer;
        for (int i = 0; i < answer.Items.Length; i++)
        {
            if (buffers[i].Rest(answer.Items[i].Text) is { Length: > 0 } rest)
                yield return Chat(i, new { content = rest }, null, null);
            yield return Chat(i, new { }, null, Answers.Finish(answer.Items[i]));
        }
        if (request.StreamOptions?.IncludeUsage == true)
            yield return Usage("chat.completion.chunk", answer);
        yield return Done;
    }

    /// <summary>Of a text completion.</summary>
    public async IAsyncEnumerable<StreamEvent> TextAsync(TokenStream stream, TextRequest request, int answers, [EnumeratorCancellation] CancellationToken cancellation)
    {
        StopBuffer[] buffers = [.. Enumerable.Range(0, answers).Select(_ => new StopBuffer(request.Stops()))];
        var offsets = new int[answers];
        await foreach (CompletionToken token in stream.ReadAsync(cancellation))
        {
            string text = buffers[token.Item].Push(token.Text);
            object? logprobs = token.Choice is { } choice ? TextLogprobs(choice, Texts(choice, token.Pieces), ref offsets[token.Item]) : null;
            if (text.Length > 0 || logprobs is not null)
                yield return Text(token.Item, text, logprobs, null);
        }
        CompletionAnswer answer = await stream.Answer;
        for (int i = 0; i < answer.Items.Length; i++)
            yield return Text(i, buffers[i].Rest(answer.Items[i].Text), null, Answers.Finish(answer.Items[i]));
        if (request.StreamOptions?.IncludeUsage == true)
            yield return Usage("text_completion", answer);
        yield return Done;
    }

    private static StreamEvent Done { get; } = new(null, "[DONE]");

    private static object? Logprobs(CompletionToken token)
    {
        if (token.Choice is not { } choice)
            return null;
        Dictionary<int, string> texts = Texts(choice, token.Pieces);
        return new { content = new[] { Answers.ChatToken(choice, id => texts[id]) } };
    }

    private static object TextLogprobs(TokenChoice choice, Dictionary<int, string> texts, ref int offset)
    {
        string text = texts[choice.Token.Id];
        int at = offset;
        offset += text.Length;
        return new
        {
            tokens = new[] { text },
            token_logprobs = new[] { choice.Token.LogProb },
            top_logprobs = new[] { Answers.Top(choice, texts) },
            text_offset = new[] { at },
        };
    }

    private static Dictionary<int, string> Texts(TokenChoice choice, IReadOnlyList<string> pieces)
    {
        var texts = new Dictionary<int, string>();
        int[] ids = [choice.Token.Id, .. choice.Top.Select(t => t.Id)];
        for (int i = 0; i < ids.Length; i++)
            texts.TryAdd(ids[i], pieces[i]);
        return texts;
    }

    private StreamEvent Chat(int index, object delta, object? logprobs, string? finish) => new(null, new
    {
        id = Id,
        @object = "chat.completion.chunk",
        created = Created,
        model = Model,
        choices = new[] { new { index, delta, logprobs, finish_reason = finish } },
    });

    private StreamEvent Text(int index, string text, object? logprobs, string? finish) => new(null, new
    {
        id = Id,
        @object = "text_completion",
        created = Created,
        model = Model,
        choices = new[] { new { index, text, logprobs, finish_reason = finish } },
    });

    private StreamEvent Usage(string kind, CompletionAnswer answer) => new(null, new
    {
        id = Id,
        @object = kind,
        created = Created,
        model = Model,
        choices = Array.Empty<object>(),
        usage = Answers.Usage(answer.Items),
        refusal_explorer = answer.Items.Select(Answers.Proof),
    });
}
