namespace RefusalExplorer.Data.Composition;

/// <summary>Who may use the dashboard and the HTTP API (<c>RefusalExplorer:Access</c>).</summary>
public sealed class AccessSettings
{
    /// <summary>Least length of a token.</summary>
    public const int ShortestToken = 16;

    /// <summary>What visitors must know. Without one, only this machine is served.</summary>
    public string? Token { get; set; }

    /// <summary>Names by which browsers may ask for it, beside this machine's own (<c>lab.example.org</c>).</summary>
    public IList<string> AllowedHosts { get; } = [];
}

/// <summary>Limits of the HTTP API (<c>RefusalExplorer:Api</c>).</summary>
public sealed class ApiSettings
{
    /// <summary>Requests a minute from one client; 0: any number.</summary>
    public int RequestsPerMinute { get; set; } = 1200;

    /// <summary>Requests that use the engine at the same time. The rest of the engine's queue stays free for the pages.</summary>
    public int AtOnce { get; set; } = 4;

    /// <summary>Requests that may wait for the engine; each client gets its turn.</summary>
    public int Waiting { get; set; } = 256;

    /// <summary>Experiments and studies that may be under way for scripts at the same time.</summary>
    public int RunsAtOnce { get; set; } = 16;

    /// <summary>Largest request body in bytes.</summary>
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Most requests in one array.</summary>
    public int MaxBatch { get; set; } = 256;

    /// <summary>Most tokens that a request may generate.</summary>
    public int MaxNewTokens { get; set; } = 4096;

    /// <summary>Whether requests may name files of this machine (models, SAEs, directions). Null: only where nobody else is served.</summary>
    public bool? AllowPaths { get; set; }
}

/// <summary>Where measurements go (<c>RefusalExplorer:Telemetry</c>). Nothing leaves the machine unless a collector's address is set.</summary>
public sealed class TelemetrySettings
{
    /// <summary>Whether <c>/metrics</c> answers in Prometheus' form, to those who may use the dashboard.</summary>
    public bool Prometheus { get; set; }

    /// <summary>Address of an OpenTelemetry collector (<c>http://127.0.0.1:4317</c>), or null for none.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>What the collector speaks.</summary>
    public OtlpProtocol OtlpProtocol { get; set; }

    /// <summary>Seconds between two reports to the collector.</summary>
    public int IntervalSeconds { get; set; } = 30;
}

/// <summary>Ways to send to an OpenTelemetry collector.</summary>
public enum OtlpProtocol
{
    /// <summary>gRPC, usually port 4317.</summary>
    Grpc,

    /// <summary>Protobuf over HTTP, usually port 4318.</summary>
    Http,
}
