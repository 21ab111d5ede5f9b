using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Web.Api.OpenAi;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

/// <summary>Requests in the shapes that lm-evaluation-harness, HarmBench's scripts and OpenAI's own client send them.</summary>
public sealed class OpenAiTests
{
    private static readonly object Clamp = new { op = "clamp", features = new[] { "L0-3", "L2-5" }, value = 6.0, scope = "allButFirst" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HarnessChat_GetsAnAnswer_ThatInterventionsChange()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        // lm_eval --model local-chat-completions --apply_chat_template: messages carry a type, stop may hold null.
        object Request(object[] interventions) => new
        {
            messages = new[] { new { role = "user", content = "Hello", type = "text" } },
            model = "tiny",
            max_tokens = 8,
            temperature = 0,
            stop = new string?[] { null },
            seed = 1234,
            interventions,
        };
        ApiAnswer plain = await api.PostAsync("/v1/chat/completions", Request([]));
        Assert.True(plain.Status == 200, plain.Text);
        Assert.Equal("chat.completion", (string)plain["object"]!);
        JsonNode choice = plain["choices"]![0]!;
        Assert.Equal("assistant", (string)choice["message"]!["role"]!);
        Assert.Contains((string)choice["finish_reason"]!, new[] { "stop", "length" });
        int prompt = (int)plain["usage"]!["prompt_tokens"]!, completion = (int)plain["usage"]!["completion_tokens"]!;
        Assert.InRange(completion, 1, 8);
        Assert.Equal(prompt + completion, (int)plain["usage"]!["total_tokens"]!);

        ApiAnswer edited = await api.PostAsync("/v1/chat/completions", Request([Clamp]));
        Assert.NotEqual((string)choice["message"]!["content"]!, (string)edited["choices"]![0]!["message"]!["content"]!);
        Assert.True((int)edited["refusal_explorer"]![0]!["effects"]![0]!["tokens_touched"]! > 0);
    }

    [Fact]
    public async Task Preset_InTheModelsName_OrAHeader_EditsLikeInterventions()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        using var put = new HttpRequestMessage(HttpMethod.Put, "/api/v1/presets/loud")
        {
            Content = new StringContent("""{ "model": "tiny", "interventions": [{ "op": "clamp", "features": ["L0-3", "L2-5"], "value": 6, "scope": "allButFirst" }] }""", System.Text.Encoding.UTF8, "application/json"),
        };
        Assert.Equal(200, (await api.SendAsync(put)).Status);
        // HarmBench's api_models and the OpenAI client send no more than this.
        object Request(string model) => new { model, messages = new[] { new { role = "user", content = "Hello" } }, temperature = 0.0, max_tokens = 8 };
        string edited = Content(await api.PostAsync("/v1/chat/completions", new
        {
            model = "tiny",
            messages = new[] { new { role = "user", content = "Hello" } },
            temperature = 0.0,
            max_tokens = 8,
            interventions = new[] { Clamp },
        }));

        ApiAnswer named = await api.PostAsync("/v1/chat/completions", Request("tiny@loud"));
        Assert.Equal(edited, Content(named));
        Assert.Equal("tiny@loud", (string)named["model"]!);
        Assert.Equal(edited, Content(await api.PostAsync("/v1/chat/completions", Request("tiny"), ("X-Preset", "loud"))));

        ApiAnswer direction = await api.PostAsync("/v1/chat/completions", Request("tiny@no-direction"));
        Assert.True(direction.Status == 200, direction.Text);
        string[] names = [.. (await api.GetAsync("/v1/models"))["data"]!.AsArray().Select(m => (string)m!["id"]!)];
        Assert.Contains("tiny@loud", names);
        Assert.DoesNotContain("demo@loud", names);
        Assert.Equal("tiny@loud", (string)(await api.GetAsync("/v1/models/tiny@loud"))["id"]!);
        Error(await api.PostAsync("/v1/chat/completions", Request("tiny@silent")), 404, "model_not_found", "no preset 'silent'");
        Error(await api.PostAsync("/v1/chat/completions", Request("demo@loud")), 400, "bad_request", "belongs to the model 'tiny'");
    }

    [Fact]
    public async Task HarnessLoglikelihood_SumsTheLogProbabilitiesOfTheContinuation()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        int[][] prompt = [[256, 72, 101, 108, 108, 111, 33], [256, 72, 105]];
        // lm_eval --model local-completions, loglikelihood: two requests in a batch, ids.
        ApiAnswer answer = await api.PostAsync("/v1/completions", new { model = "tiny", prompt, temperature = 0, max_tokens = 1, logprobs = 1, seed = 1234, echo = true });
        Assert.True(answer.Status == 200, answer.Text);
        JsonArray choices = answer["choices"]!.AsArray();
        Assert.Equal(2, choices.Count);
        for (int c = 0; c < 2; c++)
        {
            JsonNode logprobs = choices[c]!["logprobs"]!;
            double?[] each = [.. logprobs["token_logprobs"]!.AsArray().Select(t => (double?)t)];
            Assert.Equal(prompt[c].Length + 1, each.Length);
            Assert.Null(each[0]);
            Assert.Equal(each.Length, logprobs["top_logprobs"]!.AsArray().Count);
            Assert.Equal(each.Length, logprobs["tokens"]!.AsArray().Count);
            Assert.Equal(each.Length, logprobs["text_offset"]!.AsArray().Count);
            // The harness takes a token for greedy where its number equals the largest, exactly: so it must be when it is the same token.
            for (int t = 1; t < each.Length; t++)
            {
                double largest = logprobs["top_logprobs"]![t]!.AsObject().Max(x => (double)x.Value!);
                Assert.True(each[t] <= largest);
            }
            Assert.Equal(each[^1], logprobs["top_logprobs"]![each.Length - 1]!.AsObject().Max(x => (double)x.Value!));
        }

        // The same text one by one has the same numbers, and generating for real gives the same next token.
        ApiAnswer one = await api.PostAsync("/v1/completions", new { model = "tiny", prompt = prompt[1], temperature = 0, max_tokens = 2, logprobs = 1, echo = true });
        Assert.Equal((double)choices[1]!["logprobs"]!["token_logprobs"]![2]!, (double)one["choices"]![0]!["logprobs"]!["token_logprobs"]![2]!, 1e-5);
        Assert.Equal((string)choices[1]!["logprobs"]!["tokens"]![3]!, (string)one["choices"]![0]!["logprobs"]!["tokens"]![3]!);
    }

    [Fact]
    public async Task HarnessGenerateUntil_TakesTexts_AndStops()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        object Request(object? stop) => new { prompt = new[] { "Question: a\nAnswer:", "Question: bb\nAnswer:" }, model = "tiny", max_tokens = 24, temperature = 0, stop, seed = 1234 };
        string[] whole = Texts(await api.PostAsync("/v1/completions", Request(Array.Empty<string>())));
        Assert.Equal(2, whole.Length);
        string stop = whole[0].Substring(whole[0].Length / 2, 1);
        string[] cut = Texts(await api.PostAsync("/v1/completions", Request(new[] { stop, "Question:" })));
        Assert.Equal(whole[0][..whole[0].IndexOf(stop, StringComparison.Ordinal)], cut[0]);
        Assert.DoesNotContain(stop, cut[1], StringComparison.Ordinal);

        static string[] Texts(ApiAnswer answer) => [.. answer["choices"]!.AsArray().Select(c => (string)c!["text"]!)];
    }

    [Fact]
    public async Task Stream_HasTheWordsOfTheWholeAnswer_UpToTheStop()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        object Request(bool stream, object? stop) => new
        {
            model = "tiny",
            messages = new[] { new { role = "user", content = "Hello" } },
            temperature = 0.8,
            seed = 5,
            max_tokens = 24,
            n = 2,
            logprobs = true,
            top_logprobs = 2,
            stop,
            stream,
            stream_options = stream ? new { include_usage = true } : null,
        };
        string text = Content(await api.PostAsync("/v1/chat/completions", Request(false, null)));
        string stop = text.Substring(text.Length / 2, Math.Min(2, text.Length - (text.Length / 2)));
        foreach (string? end in new[] { null, stop })
        {
            ApiAnswer whole = await api.PostAsync("/v1/chat/completions", Request(false, end));
            ApiAnswer streamed = await api.PostAsync("/v1/chat/completions", Request(true, end));
            Assert.StartsWith("text/event-stream", streamed.ContentType, StringComparison.Ordinal);
            string[] data = [.. streamed.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(b => b["data: ".Length..])];
            Assert.Equal("[DONE]", data[^1]);
            JsonNode[] chunks = [.. data[..^1].Select(d => JsonNode.Parse(d)!)];
            Assert.All(chunks, c => Assert.Equal("chat.completion.chunk", (string)c["object"]!));
            Assert.Single(chunks.Select(c => (string)c["id"]!).Distinct());
            for (int i = 0; i < 2; i++)
            {
                JsonNode[] mine = [.. chunks.SelectMany(c => c["choices"]!.AsArray()).Where(c => (int)c!["index"]! == i).Select(c => c!)];
                Assert.Equal((string)whole["choices"]![i]!["message"]!["content"]!, string.Concat(mine.Select(c => (string?)c["delta"]!["content"])));
                Assert.Equal((string)whole["choices"]![i]!["finish_reason"]!, (string)mine[^1]["finish_reason"]!);
                Assert.Equal(
                    whole["choices"]![i]!["logprobs"]!["content"]!.AsArray().Select(t => t!.ToJsonString()),
                    mine.Where(c => c["logprobs"] is not null).Select(c => c["logprobs"]!["content"]![0]!.ToJsonString()));
            }
            Assert.Equal(whole["usage"]!.ToJsonString(), chunks[^1]["usage"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task TextStream_HasTheTokensAndNumbersOfTheWholeAnswer()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        object Request(bool stream) => new { model = "tiny", prompt = new[] { "ab", "cde" }, n = 2, temperature = 0.7, seed = 3, max_tokens = 6, logprobs = 2, stream };
        ApiAnswer whole = await api.PostAsync("/v1/completions", Request(false));
        Assert.Equal([0, 1, 2, 3], whole["choices"]!.AsArray().Select(c => (int)c!["index"]!));
        string[] data = [.. (await api.PostAsync("/v1/completions", Request(true))).Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(b => b["data: ".Length..])];
        Assert.Equal("[DONE]", data[^1]);
        JsonNode[] chunks = [.. data[..^1].Select(d => JsonNode.Parse(d)!["choices"]![0]!)];
        foreach (JsonNode? choice in whole["choices"]!.AsArray())
        {
            JsonNode[] mine = [.. chunks.Where(c => (int)c["index"]! == (int)choice!["index"]!)];
            Assert.Equal((string)choice!["text"]!, string.Concat(mine.Select(c => (string)c["text"]!)));
            foreach (string list in new[] { "tokens", "token_logprobs", "top_logprobs", "text_offset" })
            {
                Assert.Equal(
                    choice["logprobs"]![list]!.AsArray().Select(x => x!.ToJsonString()),
                    mine.Where(c => c["logprobs"] is not null).SelectMany(c => c["logprobs"]![list]!.AsArray()).Select(x => x!.ToJsonString()));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EchoedLogProbabilities_AreThoseOfGenerating(bool edited)
    {
        await using ApiServer api = await ApiServer.StartAsync();
        object[] interventions = edited ? [Clamp] : [];
        int[] prompt = [256, 72, 101];
        ApiAnswer written = await api.PostAsync("/v1/completions", new { model = "tiny", prompt, temperature = 0, max_tokens = 5, logprobs = 0, ignore_eos = true, interventions });
        double[] generated = [.. written["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Select(x => (double)x!)];
        Assert.Equal(5, generated.Length);

        // The greedy ids, one after the other: each is the likeliest after those before it.
        var ids = new List<int>(prompt);
        for (int t = 0; t < 5; t++)
        {
            ApiAnswer scored = await api.PostAsync("/api/v1/probe", new { model = "tiny", tokenIds = ids, interventions, topLogits = 1 });
            ids.Add((int)scored[edited ? "intervened" : "baseline"]!["topLogits"]![0]!["id"]!);
        }
        ApiAnswer read = await api.PostAsync("/v1/completions", new { model = "tiny", prompt = ids, temperature = 0, max_tokens = 0, logprobs = 0, echo = true, interventions });
        Assert.True(read.Status == 200, read.Text);
        double?[] echoed = [.. read["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Select(x => (double?)x)];
        Assert.Equal(ids.Count, echoed.Length);
        Assert.Equal(0, (int)read["usage"]!["completion_tokens"]!);
        for (int t = 0; t < 5; t++)
            Assert.Equal(generated[t], echoed[prompt.Length + t]!.Value, 1e-4);
    }

    [Fact]
    public async Task ClientThatGoesInTheMiddle_FreesTheEngine()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        EngineHost engine = api.Server.Services.GetRequiredService<EngineHost>();
        object request = new { model = "tiny", prompt = "a", max_tokens = 500, ignore_eos = true, n = 16, stream = true };
        using (var ask = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = System.Net.Http.Json.JsonContent.Create(request) })
        using (HttpResponseMessage response = await api.Client.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, Ct))
        using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct)))
            Assert.StartsWith("data: ", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);

        // The next in the queue has its turn, and the model is as it was.
        Assert.True(await engine.RunAsync("next", (_, _) => true, cancellation: Ct));
        Assert.Equal(200, (await api.PostAsync("/v1/completions", new { model = "tiny", prompt = "a", max_tokens = 2 })).Status);
        Assert.Equal(0, engine.QueueLength);
    }

    [Theory]
    [InlineData("""{ "model": "nobody", "messages": [{ "role": "user", "content": "x" }] }""", 404, "model_not_found", "nobody")]
    [InlineData("""{ "model": "tiny", "messages": [] }""", 400, "bad_request", "at least one message")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "intervention": [] }""", 400, "bad_request", "intervention")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "frequency_penalty": 1 }""", 400, "bad_request", "frequency_penalty")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "tools": [{}] }""", 400, "bad_request", "tools")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] }""", 400, "bad_request", "only text")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "wizard", "content": "x" }] }""", 400, "bad_request", "role 'wizard'")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "max_tokens": 99999 }""", 400, "bad_request", "at most 4096")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "stream": true, "max_tokens": 600 }""", 400, "bad_request", "512 in all")]
    [InlineData("""{ "model": "tiny", "messages": [{ "role": "user", "content": "x" }], "interventions": [{ "op": "ablate", "features": ["L7-1"] }], "stream": true }""", 400, "bad_request", "L7")]
    public async Task Errors_HaveOpenAisForm_BeforeAStreamBegins(string body, int status, string code, string message)
    {
        await using ApiServer api = await ApiServer.StartAsync();
        Error(await api.PostAsync("/v1/chat/completions", body), status, code, message);
    }

    [Fact]
    public async Task UnknownPaths_AndMethods_HaveOpenAisFormToo()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        Error(await api.GetAsync("/v1/embeddings"), 404, "not_found", "no such resource");
        Error(await api.GetAsync("/v1/chat/completions"), 405, "method_not_allowed", "method");
    }

    [Fact]
    public async Task WithoutTheToken_TheErrorHasTheFormOfTheApiThatWasAsked()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Access:Token=correct horse battery"]);
        Error(await api.GetAsync("/v1/models"), 401, "unauthorized", "Bearer");
        (await api.GetAsync("/api/v1/models")).Problem(401, "unauthorized");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Add("Authorization", "Bearer correct horse battery");
        Assert.Equal(200, (await api.SendAsync(request)).Status);
    }

    [Fact]
    public async Task ContentParts_AndDefaults_AreTaken()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer answer = await api.PostAsync("/v1/chat/completions", new
        {
            model = "tiny",
            messages = new object[] { new { role = "developer", content = "Be brief" }, new { role = "user", content = new[] { new { type = "text", text = "He" }, new { type = "text", text = "llo" } } } },
            user = "me",
            response_format = new { type = "text" },
            temperature = 0,
        });
        Assert.True(answer.Status == 200, answer.Text);
        // No number was given: the answer fits the model's 512 positions.
        Assert.InRange((int)answer["usage"]!["total_tokens"]!, 1, 512);
    }

    [Theory]
    [InlineData(new[] { "ab", "c", "d" }, new[] { "cd" }, "ab")]
    [InlineData(new[] { "a", "STO", "N" }, new[] { "STOP" }, "aSTON")]
    [InlineData(new[] { "a", "ST", "OP", "b" }, new[] { "STOP", "b" }, "a")]
    [InlineData(new[] { "aa", "ab" }, new[] { "aab" }, "a")]
    [InlineData(new[] { "x", "y" }, new string[0], "xy")]
    public void StopBuffer_HoldsBackOnlyWhatMayBeAStop(string[] pieces, string[] stops, string expected)
    {
        var buffer = new StopBuffer(stops);
        string sent = string.Concat(pieces.Select(buffer.Push));
        // At most a beginning of a stop is held back.
        Assert.InRange(expected.Length - sent.Length, 0, stops.Select(s => s.Length - 1).DefaultIfEmpty(0).Max());
        Assert.Equal(expected, sent + buffer.Rest(expected));
    }

    private static string Content(ApiAnswer answer)
    {
        Assert.True(answer.Status == 200, answer.Text);
        return (string)answer["choices"]![0]!["message"]!["content"]!;
    }

    private static void Error(ApiAnswer answer, int status, string code, string message)
    {
        Assert.True(answer.Status == status, answer.Text);
        Assert.Equal(code, (string)answer["error"]!["code"]!);
        Assert.Contains(message, (string)answer["error"]!["message"]!, StringComparison.Ordinal);
        Assert.NotNull((string?)answer["error"]!["type"]);
    }
}
