using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Hosting.Telemetry;

/// <summary>Metrics by OpenTelemetry: a page to scrape, a collector to push to, or, by default, neither.</summary>
internal static class TelemetryServices
{
    /// <summary>Where Prometheus reads them. It needs the access token like everything else.</summary>
    public const string ScrapePath = "/metrics";

    // Ours, and those of .NET that tell of memory, requests and circuits.
    private static readonly string[] Meters =
    [
        "RefusalExplorer.*", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.Components.Server.Circuits",
    ];

    /// <summary>Registers them.</summary>
    /// <exception cref="EngineException">The collector's address is none.</exception>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetrySettings settings)
    {
        services.AddHostedService<ServiceMetrics>();
        if (settings.OtlpEndpoint is null && !settings.Prometheus)
            return services;
        Uri? collector = settings.OtlpEndpoint is { } endpoint ? Address(endpoint, settings.OtlpProtocol) : null;
        services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("refusal-explorer", serviceVersion: RunRecords.AppVersion))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters);
                if (settings.Prometheus)
                    metrics.AddPrometheusExporter();
                if (collector is not null)
                    metrics.AddOtlpExporter((otlp, reader) => Configure(otlp, reader, collector, settings));
            });
        return services;
    }

    /// <summary>Maps the page to scrape, if it is asked for.</summary>
    public static void MapTelemetry(this IEndpointRouteBuilder routes, TelemetrySettings settings)
    {
        if (settings.Prometheus)
            routes.MapPrometheusScrapingEndpoint(ScrapePath);
    }

    private static void Configure(OtlpExporterOptions otlp, MetricReaderOptions reader, Uri endpoint, TelemetrySettings settings)
    {
        otlp.Endpoint = endpoint;
        otlp.Protocol = settings.OtlpProtocol == OtlpProtocol.Http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = checked(settings.IntervalSeconds * 1000);
    }

    private static Uri Address(string text, OtlpProtocol protocol)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new EngineException($"settings, {AppSettings.Section}:Telemetry:OtlpEndpoint: '{text}'; expected an address such as http://127.0.0.1:4317");
        // The exporter adds the path only to addresses that it reads from its own environment variables.
        return protocol == OtlpProtocol.Http && address.AbsolutePath == "/" ? new Uri(address, "v1/metrics") : address;
    }
}
