using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Polly;
using Polly.Retry;
using Refit;
using RefusalExplorer.Data.Neuronpedia;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Composition;

/// <summary>Neuronpedia: its Refit client, and the answers that are kept.</summary>
internal static class NeuronpediaServices
{
    public static IServiceCollection AddNeuronpedia(this IServiceCollection services, NeuronpediaSettings settings)
    {
        settings.ApiKey = Key(settings.ApiKey) ?? Key(Environment.GetEnvironmentVariable("NEURONPEDIA_API_KEY"));
        Uri endpoint = Uri.TryCreate(settings.Endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "https" or "http"
            ? uri!
            : throw new EngineException($"settings, Neuronpedia, Endpoint: '{settings.Endpoint}'; expected an address such as https://www.neuronpedia.org");
        services.TryAddSingleton(new NeuronpediaPatience());
        services.AddSingleton(provider => new AnswerFile(provider.GetRequiredService<StoreOptions>()));
        services.AddSingleton<INeuronpedia>(provider => new NeuronpediaClient(
            provider.GetRequiredService<INeuronpediaApi>(), provider.GetRequiredService<AnswerFile>(), provider.GetRequiredService<IExplanationStore>(), settings,
            provider.GetRequiredService<NeuronpediaPatience>(), provider.GetRequiredService<TimeProvider>()));
        IHttpClientBuilder client = services.AddRefitGeneratedClient<INeuronpediaApi>()
            .ConfigureHttpClient(http =>
            {
                http.BaseAddress = endpoint;
                http.Timeout = Timeout.InfiniteTimeSpan;
                http.DefaultRequestHeaders.UserAgent.ParseAdd($"refusal-explorer/{typeof(NeuronpediaServices).Assembly.GetName().Version!.ToString(3)}");
                if (settings.ApiKey is { } key)
                    http.DefaultRequestHeaders.Add("x-api-key", key);
            })
            // A redirect would carry the key to wherever it points.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(4),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .RedactLoggedHeaders(["x-api-key"]);
        client.AddResilienceHandler("neuronpedia", (pipeline, context) => Build(pipeline, context.ServiceProvider.GetRequiredService<NeuronpediaPatience>()));
        client.AddHttpMessageHandler(provider => new BoundedContentHandler(provider.GetRequiredService<NeuronpediaPatience>().LongestAnswer));
        return services;
    }

    // Not the standard handler: it tries a 429 again, and takes seconds to say that this computer is offline.
    private static void Build(ResiliencePipelineBuilder<HttpResponseMessage> pipeline, NeuronpediaPatience patience)
    {
        if (patience.Retries > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = patience.Retries,
                Delay = patience.Delay,
                BackoffType = DelayBackoffType.Exponential,
                ShouldHandle = arguments => ValueTask.FromResult(IsWorthAnother(arguments.Outcome)),
            });
        }
        pipeline.AddTimeout(patience.Attempt);
    }

    private static bool IsWorthAnother(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Result.StatusCode: >= HttpStatusCode.InternalServerError } => true,
        { Exception: HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } } => true,
        _ => false,
    };

    private static string? Key(string? text) => text?.Trim() is { Length: > 0 } key && key.All(c => c is > ' ' and < '\u007f') ? key : null;
}
