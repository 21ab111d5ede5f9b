using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Hosting.Security;

namespace RefusalExplorer.Web.Live;

/// <summary>
/// The audience's page and its events. Whoever has the link is served without the access token, and can do nothing but look: the page is plain HTML
/// that listens, with no way back.
/// </summary>
internal static class WatchEndpoints
{
    private const int MostWatchers = 500;
    private static int _watchers;

    public static void MapWatch(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/live/watch/{code}", (string code, LiveSessions sessions) =>
                Results.Content(Page(sessions.TryWatch(code, out _)), "text/html; charset=utf-8", statusCode: sessions.TryWatch(code, out _) ? 200 : 404))
            .WithMetadata(new OpenToAll()).ExcludeFromDescription();
        routes.MapGet("/live/watch/{code}/events", EventsAsync).WithMetadata(new OpenToAll()).ExcludeFromDescription();
    }

    private static async Task EventsAsync(string code, HttpContext context, LiveSessions sessions, IOptions<JsonOptions> json)
    {
        if (!sessions.TryWatch(code, out LiveSession? session))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        try
        {
            if (Interlocked.Increment(ref _watchers) > MostWatchers)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }
            await EventStream.WriteAsync(context, OfAsync(session, sessions, context.RequestAborted), json.Value.SerializerOptions);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The watcher is gone.
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }

    private static async IAsyncEnumerable<StreamEvent> OfAsync(LiveSession session, LiveSessions sessions, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (bool ended in RunWatch.ChangesAsync(
            see => session.Changed += see, see => session.Changed -= see, () => !sessions.TryWatch(session.Code, out _), cancellation))
        {
            yield return ended ? new StreamEvent("over", new { }) : new StreamEvent("state", WatchView.Of(session.State));
        }
    }

    private static string Page(bool found) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <title>Live demonstration · RefusalExplorer</title>
          <link rel="icon" type="image/svg+xml" href="/favicon.svg">
          <link rel="stylesheet" href="/css/watch.css">
          <script type="module" src="/js/watch.js"></script>
        </head>
        <body>
          <main>
            <h1>Live demonstration</h1>
            <p id="status" role="status">{(found ? "Connecting…" : "This demonstration is over, or the link is not whole. Ask the presenter for it again.")}</p>
            {(found ? Body : "")}
          </main>
        </body>
        </html>
        """;

    private const string Body = """
        <p id="message"></p>
        <div class="stage">
          <section id="baseline" aria-label="Baseline"><h2>Baseline</h2><p class="p">P(“I”) <b class="missing">–</b> <span class="verdict"></span></p><p class="text"></p></section>
          <section id="steered" aria-label="With sliders"><h2>With sliders</h2><p class="p">P(“I”) <b class="missing">–</b> <span class="verdict"></span></p><p class="text"></p></section>
        </div>
        <div class="lower">
          <section aria-label="Sliders"><h2>Sliders</h2><ul id="sliders"></ul></section>
          <section aria-label="By layer"><h2>By layer</h2>
            <figure><figcaption>P(“I”) read off each layer, logarithmic</figcaption><div class="plot"><span class="ticks" aria-hidden="true"><span>1</span><span id="least"></span></span><svg id="lens" viewBox="-2 -4 304 108" preserveAspectRatio="none" role="img" aria-label="P(I) by layer"><polyline class="steered"/><polyline class="baseline"/></svg></div></figure>
            <figure><figcaption>Cosine to the refusal direction</figcaption><div class="plot"><span class="ticks" aria-hidden="true"><span id="above"></span><span>0</span><span id="below"></span></span><svg id="cosine" viewBox="-2 -4 304 108" preserveAspectRatio="none" role="img" aria-label="Cosine by layer"><polyline class="steered"/><polyline class="baseline"/></svg></div></figure>
            <p class="keys">Left: before the first block. Right: after the last. <span class="key baseline">baseline</span> <span class="key steered">with sliders</span></p>
          </section>
        </div>
        """;
}
