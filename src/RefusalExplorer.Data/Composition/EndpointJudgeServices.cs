using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Polly;
using Polly.Retry;
using Refit;
using RefusalExplorer.Data.Judging;
using RefusalExplorer.Data.Neuronpedia;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Data.Composition;

/// <summary>The judge at an OpenAI-compatible endpoint: its Refit client with its patience.</summary>
internal static class EndpointJudgeServices
{
    public static IServiceCollection AddEndpointJudge(this IServiceCollection services, EndpointJudgeSettings settings)
    {
        if (!settings.IsOn)
            return services;
        Uri address = settings.Check();
        services.TryAddSingleton(new EndpointPatience());
        services.AddSingleton<IExchangeJudge>(provider => new EndpointJudge(provider.GetRequiredService<IEndpointApi>(), settings, address));
        IHttpClientBuilder client = services.AddRefitGeneratedClient<IEndpointApi>()
            .ConfigureHttpClient(http =>
            {
                http.BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/'));
                http.Timeout = Timeout.InfiniteTimeSpan;
                http.DefaultRequestHeaders.UserAgent.ParseAdd($"refusal-explorer/{typeof(EndpointJudgeServices).Assembly.GetName().Version!.ToString(3)}");
                if (settings.Key is { } key)
                    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            })
            // A redirect would carry prompts and key to wherever it points.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .RedactLoggedHeaders(["Authorization"]);
        client.AddResilienceHandler("endpoint-judge", (pipeline, context) => Build(pipeline, settings, context.ServiceProvider.GetRequiredService<EndpointPatience>()));
        client.AddHttpMessageHandler(provider => new BoundedContentHandler(provider.GetRequiredService<EndpointPatience>().LongestAnswer));
        return services;
    }

    private static void Build(ResiliencePipelineBuilder<HttpResponseMessage> pipeline, EndpointJudgeSettings settings, EndpointPatience patience)
    {
        if (patience.Retries > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = patience.Retries,
                Delay = patience.Delay,
                MaxDelay = patience.LongestDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(IsWorthAnother(arguments.Outcome, patience)),
                DelayGenerator = arguments => ValueTask.FromResult(Asked(arguments.Outcome)),
            });
        }
        pipeline.AddTimeout(TimeSpan.FromSeconds(settings.TimeoutSeconds));
    }

    private static bool IsWorthAnother(Outcome<HttpResponseMessage> outcome, EndpointPatience patience) => outcome switch
    {
        { Result.StatusCode: HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError } => !(Asked(outcome) > patience.LongestDelay),
        { Exception: HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } } => true,
        _ => false,
    };

    // Null: the usual wait.
    private static TimeSpan? Asked(Outcome<HttpResponseMessage> outcome) => outcome.Result?.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date - DateTimeOffset.UtcNow is { Ticks: > 0 } wait => wait,
        _ => null,
    };
}
