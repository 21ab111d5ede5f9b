using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Live;
using RefusalExplorer.Web.Live;
using RefusalExplorer.Web.Tests.Api;
using Xunit;

namespace RefusalExplorer.Web.Tests.Live;

public sealed class WatchTests
{
    private const string Message = "how to do the forbidden thing";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LiveBlur.Hidden, false)]
    [InlineData(LiveBlur.Revealable, false)]
    [InlineData(LiveBlur.Shown, true)]
    public async Task Audience_GetsCoveredTextOnlyIfThePresenterChoseSo(LiveBlur blur, bool shown)
    {
        await using TestServer server = await StartAsync();
        (LiveSession session, LiveSessions sessions) = await DemonstrateAsync(server, blur);
        string stream = await WatchUntilClosedAsync(server, session, sessions);
        Assert.Equal(shown, stream.Contains(Message, StringComparison.Ordinal));
        Assert.Equal(shown, stream.Contains("first of all", StringComparison.Ordinal));
        var events = ApiServer.Parse(stream);
        Assert.Equal("over", events[^1].Name);
        Assert.Equal(0.02, (double)events[0].Data["steered"]!["probability"]!);
        Assert.Equal(ScriptedLiveRunner.Refusal, (string)events[0].Data["baseline"]!["text"]!);
        Assert.StartsWith("Sure, here is", (string)events[0].Data["steered"]!["text"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheLinkAlone_IsEnoughToWatch_AndForNothingElse()
    {
        await using TestServer server = await StartAsync("Access:Token=correct horse battery");
        (LiveSession session, _) = await DemonstrateAsync(server, LiveBlur.Hidden);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, $"/live/watch/{session.Code}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/js/watch.js"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/css/watch.css"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server, $"/live/watch/{session.Key}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server, "/live/watch/aaaaaaaaaaaaaaaa/events"));
        foreach (string path in new[] { $"/live/{session.Key}", $"/live/{session.Code}", "/live", "/_blazor/negotiate", "/css/app.css" })
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, path));
    }

    private static Task<TestServer> StartAsync(params string[] settings) =>
        TestServer.StartAsync(settings, services => services.AddSingleton<ILiveRunner, ScriptedLiveRunner>());

    private static async Task<(LiveSession, LiveSessions)> DemonstrateAsync(TestServer server, LiveBlur blur)
    {
        LiveSessions sessions = server.Services.GetRequiredService<LiveSessions>();
        LiveSession session = sessions.Start("demo", blur);
        session.Move([new LiveSlider(new FeatureId(12, 98), 5, On: true)]);
        await session.SayAsync(Message, sensitive: true);
        return (session, sessions);
    }

    private static async Task<string> WatchUntilClosedAsync(TestServer server, LiveSession session, LiveSessions sessions)
    {
        using HttpResponseMessage response = await server.Client.GetAsync($"/live/watch/{session.Code}/events", HttpCompletionOption.ResponseHeadersRead, Ct);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        string first = "";
        for (string? line = await reader.ReadLineAsync(Ct); !string.IsNullOrEmpty(line); line = await reader.ReadLineAsync(Ct))
            first += line + "\n";
        sessions.Close(session);
        return first + "\n" + await reader.ReadToEndAsync(Ct);
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path, Ct);
        return response.StatusCode;
    }
}
