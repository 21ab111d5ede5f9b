using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Benchmarks.Load;

/// <summary>
/// One visitor without a browser: fetches a page, opens its circuit by the hub's own protocol (<c>blazorpack</c>), acknowledges what is rendered and
/// answers calls of JavaScript with null.
/// </summary>
public sealed partial class BlazorCircuit : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _reading = Task.CompletedTask;

    /// <summary>Batches that the server rendered.</summary>
    public int Rendered { get; private set; }

    /// <summary>Why it ended before it was closed; null while it lives.</summary>
    public string? Lost { get; private set; }

    /// <summary>Opens a page and its circuit; returns when the circuit has its id.</summary>
    /// <param name="server">The dashboard's address.</param>
    /// <param name="path">The page.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">The page has no interactive parts, or the server opened no circuit.</exception>
    public static async Task<BlazorCircuit> OpenAsync(Uri server, string path, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = server };
        string page = await http.GetStringAsync(path, cancellation);
        // The markers of interactive parts; a marker without a descriptor is the end of one.
        JsonNode[] markers = [.. Marker().Matches(page).Select(m => JsonNode.Parse(m.Groups[1].Value)!).Where(m => m["descriptor"] is not null)];
        if (markers.Length == 0)
            throw new InvalidOperationException($"{path}: no interactive part on the page");
        using HttpResponseMessage negotiated = await http.PostAsync("/_blazor/negotiate?negotiateVersion=1", null, cancellation);
        string token = (string)JsonNode.Parse(await negotiated.Content.ReadAsStringAsync(cancellation))!["connectionToken"]!;

        var circuit = new BlazorCircuit();
        await circuit._socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/_blazor", Query = $"id={Uri.EscapeDataString(token)}" }.Uri, cancellation);
        await circuit.SendAsync("""{"protocol":"blazorpack","version":1}"""u8.ToArray().Append((byte)0x1e).ToArray(), cancellation);
        var opened = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        circuit._reading = circuit.ReadAsync(opened);
        string records = new JsonArray([.. markers.Select(m => m.DeepClone())]).ToJsonString();
        await circuit.SendAsync(MessagePack.Call("1", "StartCircuit", server.ToString(), new Uri(server, path).ToString(), records, ""), cancellation);
        await opened.Task.WaitAsync(cancellation);
        return circuit;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _socket.Dispose();
        _stop.Dispose();
    }

    private Task SendAsync(byte[] bytes, CancellationToken cancellation) => _socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, cancellation);

    private async Task ReadAsync(TaskCompletionSource<bool> opened)
    {
        try
        {
            var buffer = new List<byte>();
            var chunk = new byte[64 * 1024];
            bool shaken = false;
            while (true)
            {
                WebSocketReceiveResult got = await _socket.ReceiveAsync(chunk, _stop.Token);
                if (got.MessageType == WebSocketMessageType.Close)
                    throw new InvalidOperationException("the server closed it");
                buffer.AddRange(chunk.AsSpan(0, got.Count));
                if (!shaken)
                {
                    int end = buffer.IndexOf(0x1e);
                    if (end < 0)
                        continue;
                    buffer.RemoveRange(0, end + 1);
                    shaken = true;
                }
                while (MessagePack.TryTake(buffer, out object?[]? message))
                    await AnswerAsync(message, opened);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Closed by us.
        }
        catch (Exception e)
        {
            Lost = e.Message;
            opened.TrySetException(e);
        }
    }

    // https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md#messagepack-msgpack-encoding
    private async Task AnswerAsync(object?[] message, TaskCompletionSource<bool> opened)
    {
        switch (Convert.ToInt32(message[0]))
        {
            case 1:
                var arguments = (object?[])message[4]!;
                switch ((string)message[3]!)
                {
                    case "JS.RenderBatch":
                        Rendered++;
                        await SendAsync(MessagePack.Call(null, "OnRenderCompleted", Convert.ToInt64(arguments[0]), null), _stop.Token);
                        break;
                    case "JS.BeginInvokeJS" when Convert.ToInt64(arguments[0]) != 0:
                        await SendAsync(MessagePack.Call(null, "EndInvokeJSFromDotNet", Convert.ToInt64(arguments[0]), true, $"[{arguments[0]},true,null]"), _stop.Token);
                        break;
                    case "JS.Error":
                        throw new InvalidOperationException((string?)arguments[0] ?? "an error of the circuit");
                }
                break;
            case 3 when (string?)message[2] == "1":
                if (message.Length > 4 && message[4] is string)
                    opened.TrySetResult(true);
                else
                    opened.TrySetException(new InvalidOperationException($"no circuit: {(message.Length > 4 ? message[4] : "no id")}"));
                break;
            case 6:
                await SendAsync(MessagePack.Frame([6]), _stop.Token);
                break;
            case 7:
                throw new InvalidOperationException($"the server closed it: {(message.Length > 1 ? message[1] : null)}");
        }
    }

    [GeneratedRegex("<!--Blazor:({.*?})-->")]
    private static partial Regex Marker();
}
