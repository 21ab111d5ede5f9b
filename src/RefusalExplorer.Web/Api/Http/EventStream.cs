using System.Text;
using System.Text.Json;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>One server-sent event.</summary>
/// <param name="Name">Its type; null for none.</param>
/// <param name="Data">Serialised as JSON; a string is sent as it is.</param>
/// <param name="Id">Where a client that reconnects goes on; null for none.</param>
internal sealed record StreamEvent(string? Name, object Data, string? Id = null);

/// <summary>Sends events as they come (text/event-stream), with a comment now and then so that nothing between closes the connection.</summary>
internal static class EventStream
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Sends all events; ends when they end, when they fail (with an event that says so), or when the client goes.</summary>
    public static async Task WriteAsync(HttpContext context, IAsyncEnumerable<StreamEvent> events, JsonSerializerOptions json)
    {
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // Proxies that buffer would make a stream one lump.
        response.Headers["X-Accel-Buffering"] = "no";
        CancellationToken gone = context.RequestAborted;
        await response.StartAsync(gone);
        // Whoever goes while an event is awaited ends the wait first: a source cannot be disposed in the middle of a step.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone);
        await using IAsyncEnumerator<StreamEvent> source = events.GetAsyncEnumerator(ended.Token);
        Task<bool> next = source.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (await Task.WhenAny(next, Task.Delay(KeepAlive, gone)) != next)
                {
                    await response.WriteAsync(": keep-alive\n\n", gone);
                    continue;
                }
                if (!await next)
                    return;
                await response.WriteAsync(Format(source.Current, json), gone);
                await response.Body.FlushAsync(gone);
                next = source.MoveNextAsync().AsTask();
            }
        }
        catch (Exception e) when (e is not OperationCanceledException && !gone.IsCancellationRequested)
        {
            // The status is sent already: an event says it, since a stream that just breaks off looks like the end of an answer.
            Problem problem = Problem.Of(e);
            if (problem.Unexpected)
                context.RequestServices.GetRequiredService<ILogger<StreamEvent>>().LogError(e, "A stream failed");
            await response.WriteAsync(Format(ProblemWriter.Event(context, problem), json), gone);
        }
        finally
        {
            await ended.CancelAsync();
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static string Format(StreamEvent e, JsonSerializerOptions json)
    {
        var text = new StringBuilder();
        if (e.Name is not null)
            text.Append("event: ").Append(e.Name).Append('\n');
        if (e.Id is not null)
            text.Append("id: ").Append(e.Id).Append('\n');
        string data = e.Data as string ?? JsonSerializer.Serialize(e.Data, e.Data.GetType(), json);
        foreach (string line in data.Split('\n'))
            text.Append("data: ").Append(line).Append('\n');
        return text.Append('\n').ToString();
    }
}
