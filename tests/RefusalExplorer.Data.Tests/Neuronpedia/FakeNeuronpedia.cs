using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Data.Neuronpedia;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Neuronpedia;

/// <summary>A local server with the shapes of Neuronpedia's answers, and a client of it with a store of its own.</summary>
public sealed class FakeNeuronpedia : IAsyncDisposable
{
    public const string Model = "gemma-2-2b", Source = "16-gemmascope-res-65k";
    private readonly List<ServiceProvider> _providers = [];

    public LocalServer Server { get; private set; } = null!;

    public TemporaryFolder Folder { get; } = new();

    /// <summary>Answers instead of the usual one, if it returns true.</summary>
    public Func<HttpContext, Task<bool>> Fault { get; set; } = _ => Task.FromResult(false);

    /// <summary>Features that there are.</summary>
    public HashSet<int> Known { get; } = [.. Enumerable.Range(0, 400)];

    public static async Task<FakeNeuronpedia> StartAsync()
    {
        var fake = new FakeNeuronpedia();
        fake.Server = await LocalServer.StartAsync(fake.AnswerAsync);
        return fake;
    }

    /// <summary>A client, as after a start of the program; the same folder holds the answers.</summary>
    /// <remarks>An attempt is given long by default: on a busy machine a slow answer must not count as none.</remarks>
    public INeuronpedia Client(TimeProvider? time = null, string? key = null, NeuronpediaUse? use = null, Uri? address = null, TimeSpan? attempt = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton(new StoreOptions { Folder = Folder.Path });
        services.AddSingleton(new NeuronpediaPatience { Attempt = attempt ?? TimeSpan.FromSeconds(30), Delay = TimeSpan.FromMilliseconds(1), LongestAnswer = 1 << 20 });
        services.AddExplanations();
        services.AddNeuronpedia(new NeuronpediaSettings { Endpoint = (address ?? Server.Address).ToString(), ApiKey = key, Use = use });
        ServiceProvider provider = services.BuildServiceProvider();
        _providers.Add(provider);
        return provider.GetRequiredService<INeuronpedia>();
    }

    /// <summary>The explanations that the latest client searches.</summary>
    public IExplanationStore Explanations => _providers[^1].GetRequiredService<IExplanationStore>();

    public static NeuronpediaKey Key(int index) => new(Model, Source, index);

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider provider in _providers)
            await provider.DisposeAsync();
        await Server.DisposeAsync();
        Folder.Dispose();
    }

    public static Task<bool> SendAsync(HttpContext context, int status, string body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body).ContinueWith(_ => true, TaskScheduler.Default);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (await Fault(context))
            return;
        context.Response.Headers["x-limit-remaining"] = "24990";
        string path = context.Request.Path.Value!;
        string body = (string)context.Items["body"]!;
        if (path == "/api/features")
        {
            // Out of order, as the server may, with strangers among them, and without those that it has not.
            IEnumerable<JsonNode?> asked = JsonNode.Parse(body)!.AsArray().Reverse().Where(a => Known.Contains((int)a!["index"]!));
            await SendAsync(context, 200, $"[{string.Join(',', asked.Select(a => Feature((string)a!["layer"]!, (int)a["index"]!)).Append(Feature("9-other", 3)))}]");
        }
        else if (path == "/api/explanation/search")
        {
            int offset = (int)JsonNode.Parse(body)!["offset"]!;
            await SendAsync(context, 200, $$"""
                {"request":{},"resultsCount":2,"hasMore":{{(offset == 0 ? "true" : "false")}},"nextOffset":{{offset + 2}},"results":[
                {"modelId":"{{Model}}","layer":"{{Source}}","index":"{{offset + 7}}","description":"phrases of refusal","explanationModelName":"gpt-4o-mini","typeName":"oai_token-act-pair","cosine_similarity":0.61,"neuron":{"maxActApprox":12.5} },
                {"layer":"{{Source}}","index":"{{offset + 8}}","description":"apologies"},{"layer":null}]}
                """);
        }
        else if (path.Split('/') is ["", "api", "feature", Model, var source, var index] && Known.Contains(int.Parse(index, CultureInfo.InvariantCulture)))
        {
            await SendAsync(context, 200, Feature(source, int.Parse(index, CultureInfo.InvariantCulture)));
        }
        else
        {
            await SendAsync(context, 404, """{"error":"Feature not found"}""");
        }
    }

    private static string Feature(string source, int index) => JsonSerializer.Serialize(new
    {
        modelId = Model,
        layer = source,
        index = index.ToString(CultureInfo.InvariantCulture),
        sourceSetName = "gemmascope-res-65k",
        maxActApprox = 31.25,
        frac_nonzero = 0.0017,
        pos_str = new[] { " sorry", " cannot" },
        pos_values = new[] { 1.5, 1.25 },
        neg_str = new[] { " sure" },
        neg_values = new[] { -0.75 },
        freq_hist_data_bar_heights = new[] { 5, 2 },
        freq_hist_data_bar_values = new[] { 0.5, 1.5 },
        logits_hist_data_bar_heights = new[] { 10, 20, 10 },
        logits_hist_data_bar_values = new[] { -1.0, 0, 1 },
        topkCosSimIndices = new[] { index, 11, 12 },
        topkCosSimValues = new[] { 1.0, 0.5, 0.25 },
        activations = new object[]
        {
            new { tokens = new[] { "I", " can" }, values = new[] { 0.0, 2.0 }, maxValue = 2.0, maxValueTokenIndex = 1 },
            new { tokens = new[] { "I", " cannot", "▁help" }, values = new[] { 0.0, 31.25, 4 }, maxValue = 31.25, maxValueTokenIndex = 1 },
        },
        explanations = new object[]
        {
            new { description = " refusals and apologies ", explanationModelName = "claude-3-5-sonnet", typeName = "np_max-act" },
            new { description = "phrases of refusal", explanationModelName = "gpt-4o-mini", typeName = "oai_token-act-pair", scores = Array.Empty<int>() },
        },
    });
}
