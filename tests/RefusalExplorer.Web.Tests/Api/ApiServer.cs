using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

/// <summary>The app with a tiny model beside the demo, which no test loads; experiments are scripted unless asked otherwise.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly string _folder;

    private ApiServer(TestServer server, string folder) => (Server, _folder) = (server, folder);

    public TestServer Server { get; }

    public HttpClient Client => Server.Client;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<ApiServer> StartAsync(IEnumerable<string>? settings = null, Action<IServiceCollection>? configure = null)
    {
        string folder = Directory.CreateTempSubdirectory("refusal-explorer-tiny-").FullName;
        TinyChatModel.Write(folder);
        return new ApiServer(await TestServer.StartAsync([.. TinyChatModel.Settings(folder), .. settings ?? []], configure), folder);
    }

    /// <summary>Sends JSON and reads what comes, whatever the status.</summary>
    public async Task<ApiAnswer> PostAsync(string path, object body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync(request);
    }

    public Task<ApiAnswer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public async Task<ApiAnswer> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await Client.SendAsync(request, Ct);
        string text = await response.Content.ReadAsStringAsync(Ct);
        JsonNode? json = response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" ? JsonNode.Parse(text) : null;
        return new ApiAnswer((int)response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", text, json, response.Headers.ToDictionary(h => h.Key, h => h.Value.First()));
    }

    /// <summary>The events of a stream that ends.</summary>
    public async Task<List<(string Name, string Id, JsonNode Data)>> EventsAsync(string path, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        ApiAnswer answer = await SendAsync(request);
        Assert.StartsWith("text/event-stream", answer.ContentType, StringComparison.Ordinal);
        return Parse(answer.Text);
    }

    public static List<(string Name, string Id, JsonNode Data)> Parse(string stream) =>
        // A stream that is silent for long says so in a comment, which is no event.
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(block => !block.StartsWith(':')).Select(block =>
        {
            ILookup<string, string> fields = block.Split('\n').Select(l => l.Split(": ", 2)).Where(l => l.Length == 2).ToLookup(l => l[0], l => l[1]);
            return (fields["event"].FirstOrDefault() ?? "", fields["id"].FirstOrDefault() ?? "", JsonNode.Parse(string.Concat(fields["data"]))!);
        })];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static HttpContent Json(object body) =>
        body is string text ? new StringContent(text, Encoding.UTF8, "application/json") : JsonContent.Create(body, options: JsonSerializerOptions.Web);
}

/// <summary>What came back.</summary>
public sealed record ApiAnswer(int Status, string ContentType, string Text, JsonNode? Json, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>A value of the JSON.</summary>
    public JsonNode? this[string name] => Json![name];

    /// <summary>Fails unless it is a problem of that status and code, on one line; returns the line.</summary>
    public string Problem(int status, string code)
    {
        Assert.True(status == Status, $"expected {status}, found {Status}: {Text}");
        Assert.Equal("application/problem+json", ContentType.Split(';')[0]);
        Assert.Equal($"urn:refusal-explorer:{code}", (string?)Json!["type"]);
        Assert.Equal(status, (int)Json["status"]!);
        string detail = (string)Json["detail"]!;
        Assert.DoesNotContain('\n', detail);
        return detail;
    }
}
