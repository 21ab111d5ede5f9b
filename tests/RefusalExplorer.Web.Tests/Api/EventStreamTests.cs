using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Api.Http;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class EventStreamTests
{
    [Fact]
    public async Task FailureInTheMiddle_IsSaidInOpenAisForm_AndDoesNotLookLikeTheEnd()
    {
        string text = await WriteAsync("/v1/completions", new EngineMemoryException("completion: out of memory on the device", new InsufficientMemoryException()));
        string[] data = [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal("data: one", data[0]);
        JsonNode error = JsonNode.Parse(data[1]["data: ".Length..])!["error"]!;
        Assert.Equal("out_of_memory", (string)error["code"]!);
        Assert.Equal("completion: out of memory on the device", (string)error["message"]!);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailureInTheMiddle_IsAnErrorEventOfTheApi()
    {
        string text = await WriteAsync("/api/v1/experiments/x/events", new InvalidOperationException("secret"));
        Assert.Contains("event: error\ndata: {\"type\":\"urn:refusal-explorer:unexpected\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    private static async Task<string> WriteAsync(string path, Exception failure)
    {
        using var body = new MemoryStream();
        await using ServiceProvider services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services, Response = { Body = body }, Request = { Path = path } };
        await EventStream.WriteAsync(context, Events(), JsonSerializerOptions.Web);
        return System.Text.Encoding.UTF8.GetString(body.ToArray());

        async IAsyncEnumerable<StreamEvent> Events()
        {
            yield return new StreamEvent(null, "one");
            await Task.Yield();
            throw failure;
        }
    }
}
