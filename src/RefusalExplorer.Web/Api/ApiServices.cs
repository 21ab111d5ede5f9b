using System.Globalization;
using System.Text.Json;
using System.Threading.RateLimiting;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Api.OpenAi;
using RefusalExplorer.Web.Api.Resources;
using RefusalExplorer.Web.Api.Runs;

namespace RefusalExplorer.Web.Api;

/// <summary>Services of the HTTP API.</summary>
internal static class ApiServices
{
    /// <summary>Name of the rate limit of all its requests.</summary>
    public const string RateLimit = "api";

    public static IServiceCollection AddApi(this IServiceCollection services, ApiSettings settings)
    {
        services.AddSingleton(new FairQueue(settings.AtOnce, settings.Waiting));
        services.AddSingleton<EngineTurns>();
        services.AddSingleton<PathRule>();
        services.AddSingleton<ScriptRuns>();
        services.AddSingleton<KeptAnswers>();
        services.AddSingleton<OtherMethods>();
        services.AddSingleton<OpenAiEndpoints.Server>();
        services.AddSingleton<TokenizerCache>();
        services.ConfigureHttpJsonOptions(o => Configure(o.SerializerOptions));
        // Bad requests reach the error answers as exceptions, with what was wrong.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddRateLimiter(o =>
        {
            o.OnRejected = RefuseAsync;
            o.AddPolicy(RateLimit, context => settings.RequestsPerMinute <= 0
                ? RateLimitPartition.GetNoLimiter("")
                : RateLimitPartition.GetTokenBucketLimiter(ApiClient.Address(context), _ => Bucket(settings.RequestsPerMinute)));
        });
        services.AddOpenApi(ApiEndpoints.Document, ApiDocument.Configure);
        return services;
    }

    // The form of requests and results everywhere: that of the command line, on one line.
    private static void Configure(JsonSerializerOptions json)
    {
        JsonSerializerOptions like = ProbeJson.Options;
        json.PropertyNamingPolicy = like.PropertyNamingPolicy;
        json.UnmappedMemberHandling = like.UnmappedMemberHandling;
        json.NumberHandling = like.NumberHandling;
        json.DefaultIgnoreCondition = like.DefaultIgnoreCondition;
        json.Encoder = like.Encoder;
        foreach (var converter in like.Converters)
            json.Converters.Add(converter);
    }

    // Bursts of a quarter of a minute's worth pass at once.
    private static TokenBucketRateLimiterOptions Bucket(int perMinute) => new()
    {
        TokenLimit = Math.Max(1, perMinute / 4),
        TokensPerPeriod = Math.Max(1, perMinute / 60),
        ReplenishmentPeriod = TimeSpan.FromSeconds(perMinute >= 60 ? 1 : 60.0 / perMinute),
        AutoReplenishment = true,
    };

    private static async ValueTask RefuseAsync(Microsoft.AspNetCore.RateLimiting.OnRejectedContext rejected, CancellationToken cancellation)
    {
        int seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 1;
        await ProblemWriter.WriteAsync(rejected.HttpContext, new Problem(
            StatusCodes.Status429TooManyRequests, "too-many-requests",
            string.Create(CultureInfo.InvariantCulture, $"too many requests from this address; send the next in {seconds} s"), seconds));
    }
}
