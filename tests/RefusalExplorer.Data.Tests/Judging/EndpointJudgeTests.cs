using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Data.Judging;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Data.Tests.Judging;

/// <summary>The endpoint judge against a server that answers as OpenAI, vLLM and broken proxies do.</summary>
public sealed class EndpointJudgeTests : IAsyncLifetime
{
    private const string Variable = "REFUSAL_EXPLORER_TEST_JUDGE_KEY";
    private const string Secret = "sk-test-0123456789";
    private static readonly Exchange Asked = new("How do I pick a lock?", "First, take \"two\" pins.\n", "a locksmith's course");

    private Func<HttpContext, Task> _answer = c => WriteAsync(c, 200, Completion("complied"));
    private LocalServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable(Variable, Secret);
        _server = await LocalServer.StartAsync(c => _answer(c));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public void WithoutSettings_ThereIsNoJudge() =>
        Assert.Empty(new ServiceCollection().AddEndpointJudge(new EndpointJudgeSettings()));

    [Fact]
    public async Task Request_HoldsWhatTheDescriptionSays_AndNothingElse()
    {
        Verdict verdict = await JudgeOneAsync(Judge());

        Assert.Equal(VerdictKind.Complied, verdict.Kind);
        SeenRequest seen = Assert.Single(_server.Seen);
        Assert.Equal("/v1/chat/completions", seen.Path);
        Assert.Equal($"Bearer {Secret}", seen.Authorization);
        using JsonDocument body = JsonDocument.Parse(seen.Body);
        Assert.Equal(["max_tokens", "messages", "model", "temperature"], body.RootElement.EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal("a-judge", body.RootElement.GetProperty("model").GetString());
        using JsonDocument about = JsonDocument.Parse(body.RootElement.GetProperty("messages")[1].GetProperty("content").GetString()!);
        Assert.Equal(Asked.Prompt, about.RootElement.GetProperty("request").GetString());
        Assert.Equal(Asked.Response, about.RootElement.GetProperty("response").GetString());
        Assert.Equal(Asked.Context, about.RootElement.GetProperty("context").GetString());
    }

    [Fact]
    public async Task LongTexts_AreCut_BetweenCharacters()
    {
        IExchangeJudge judge = Judge(s => s.MostCharacters = 100);
        await judge.JudgeAsync([new Exchange(new string('p', 300), new string('r', 99) + "😀 and more")], Token);

        using JsonDocument body = JsonDocument.Parse(Assert.Single(_server.Seen).Body);
        using JsonDocument about = JsonDocument.Parse(body.RootElement.GetProperty("messages")[1].GetProperty("content").GetString()!);
        Assert.Equal(new string('p', 100), about.RootElement.GetProperty("request").GetString());
        Assert.Equal(new string('r', 99), about.RootElement.GetProperty("response").GetString());
    }

    [Fact]
    public void Description_NamesWhereAndWhat_ButNotTheKey()
    {
        IExchangeJudge judge = Judge();

        Assert.Contains($"{_server.Address}v1", judge.Description, StringComparison.Ordinal);
        Assert.Contains("prompt, its context and the response", judge.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, judge.Description, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", judge.SendsTo);
    }

    [Theory]
    [InlineData("refused", VerdictKind.Refused, "refused")]
    [InlineData(" Complied.\n", VerdictKind.Complied, "complied")]
    [InlineData("**refused**", VerdictKind.Refused, "refused")]
    [InlineData("unclear", VerdictKind.Unclear, "it could not tell")]
    [InlineData("I think it is\nfine", VerdictKind.Unclear, "answered 'I think it is fine'; expected refused, complied or unclear")]
    [InlineData("", VerdictKind.Unclear, "its answer is empty")]
    public async Task Answer_IsRead(string content, VerdictKind kind, string says)
    {
        _answer = c => WriteAsync(c, 200, Completion(content));

        AssertSays(kind, says, await JudgeOneAsync(Judge()));
    }

    [Theory]
    [InlineData(200, "<html>Log in</html>", "text/html", "answered text/html instead of a completion")]
    [InlineData(200, "{\"choices\":", "application/json", "broken JSON")]
    [InlineData(200, "", "application/json", "instead of a completion")]
    [InlineData(200, "{\"choices\":[]}", "application/json", "no choices[0].message.content")]
    [InlineData(200, "[1]", "application/json", "no choices[0].message.content")]
    [InlineData(200, "{\"choices\":[{\"message\":{\"content\":7}}]}", "application/json", "no choices[0].message.content")]
    [InlineData(200, "{\"choices\":[{\"message\":{\"content\":null}}]}", "application/json", "its answer is empty")]
    [InlineData(302, "", "text/html", "answered 302")]
    [InlineData(400, "{\"error\":{\"message\":\"no\"}}", "application/json", "answered 400: check the address and the model 'a-judge'")]
    [InlineData(401, "{}", "application/json", $"check the key in the variable {Variable}")]
    [InlineData(404, "{}", "application/json", "answered 404: check the address and the model")]
    [InlineData(429, "{}", "application/json", "allows no more requests just now (429)")]
    [InlineData(503, "busy", "text/plain", "answered 503; judge again later")]
    public async Task Fault_IsUnclear_WithOneLineOfWhy(int status, string body, string type, string says)
    {
        _answer = c => WriteAsync(c, status, body, type);

        AssertSays(VerdictKind.Unclear, says, await JudgeOneAsync(Judge()));
    }

    [Theory]
    [InlineData(429, 3)]
    [InlineData(500, 3)]
    [InlineData(400, 1)]
    [InlineData(401, 1)]
    public async Task OnlyWhatMayPass_IsTriedAgain(int status, int requests)
    {
        _answer = c => WriteAsync(c, status, "{}");
        await JudgeOneAsync(Judge());

        Assert.Equal(requests, _server.Seen.Count);
    }

    [Fact]
    public async Task BusyOnce_IsNotSeen()
    {
        int calls = 0;
        _answer = c =>
        {
            c.Response.Headers.RetryAfter = "0";
            return ++calls == 1 ? WriteAsync(c, 429, "{}") : WriteAsync(c, 200, Completion("refused"));
        };

        Assert.Equal(VerdictKind.Refused, (await JudgeOneAsync(Judge())).Kind);
    }

    [Fact]
    public async Task ServerThatAsksForALongWait_IsNotWaitedFor()
    {
        _answer = c =>
        {
            c.Response.Headers.RetryAfter = "3600";
            return WriteAsync(c, 429, "{}");
        };
        await JudgeOneAsync(Judge());

        Assert.Single(_server.Seen);
    }

    [Fact]
    public async Task SilentServer_IsGivenUp()
    {
        _answer = c => Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        AssertSays(VerdictKind.Unclear, "did not answer within 1 s", await JudgeOneAsync(Judge(s => s.TimeoutSeconds = 1)));
    }

    [Fact]
    public async Task NoServer_IsUnclear()
    {
        IExchangeJudge judge = Judge();
        await _server.DisposeAsync();

        AssertSays(VerdictKind.Unclear, "cannot be reached", await JudgeOneAsync(judge));
    }

    [Fact]
    public async Task EndlessAnswer_IsNotRead()
    {
        _answer = async c =>
        {
            c.Response.ContentType = "application/json";
            await c.Response.WriteAsync(new string(' ', 2 << 20), c.RequestAborted);
        };

        AssertSays(VerdictKind.Unclear, "more than a verdict can be", await JudgeOneAsync(Judge()));
    }

    [Fact]
    public async Task WhereNothingGetsThrough_TheRestIsNotAsked()
    {
        _answer = c => WriteAsync(c, 401, "{}");
        Verdict[] verdicts = [.. await Judge(s => s.AtOnce = 2).JudgeAsync([.. Enumerable.Repeat(Asked, 6)], Token)];

        Assert.Equal(2, _server.Seen.Count);
        Assert.All(verdicts, v => Assert.Equal(VerdictKind.Unclear, v.Kind));
        Assert.StartsWith("not asked: 127.0.0.1 refuses the request (401)", verdicts[^1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://host/v1", "m", "Address: 'ftp://host/v1'; expected an address")]
    [InlineData("https://user:secret@host/v1", "m", "expected an address without a query or a password")]
    [InlineData("https://host/v1", null, "Model: none; expected the name of a model at host")]
    [InlineData(null, "m", "Address: ''")]
    [InlineData("http://judge.example/v1", "m", "unencrypted; expected https, or no key")]
    public void WrongSettings_AreSaidAtOnce(string? address, string? model, string says)
    {
        EngineException e = Assert.Throws<EngineException>(() => new ServiceCollection().AddEndpointJudge(
            new EndpointJudgeSettings { Address = address, Model = model, KeyVariable = Variable }));

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.Message, StringComparison.Ordinal);
    }

    private IExchangeJudge Judge(Action<EndpointJudgeSettings>? change = null)
    {
        var settings = new EndpointJudgeSettings { Address = $"{_server.Address}v1/", Model = "a-judge", KeyVariable = Variable };
        change?.Invoke(settings);
        return new ServiceCollection().AddLogging()
            .AddSingleton(new EndpointPatience { Retries = 2, Delay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(50) })
            .AddEndpointJudge(settings).BuildServiceProvider().GetRequiredService<IExchangeJudge>();
    }

    private static async Task<Verdict> JudgeOneAsync(IExchangeJudge judge) => Assert.Single(await judge.JudgeAsync([Asked], Token));

    private static void AssertSays(VerdictKind kind, string says, Verdict verdict)
    {
        Assert.Equal((kind, "endpoint"), (verdict.Kind, verdict.Detector));
        Assert.Contains(says, verdict.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', verdict.Reason!);
        Assert.DoesNotContain(Secret, verdict.Reason!, StringComparison.Ordinal);
    }

    // As OpenAI and vLLM answer.
    private static string Completion(string content) => $$$"""
        {"id":"chatcmpl-9x","object":"chat.completion","created":1764000000,"model":"a-judge","choices":[{"index":0,"message":{"role":"assistant","content":{{{JsonSerializer.Serialize(content)}}},"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":120,"completion_tokens":2,"total_tokens":122}}
        """;

    private static async Task WriteAsync(HttpContext context, int status, string body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body, context.RequestAborted);
    }
}
