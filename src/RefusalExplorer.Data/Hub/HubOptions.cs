namespace RefusalExplorer.Data.Hub;

/// <summary>Where the hub and its cache are, and how patiently it is asked.</summary>
public sealed record HubOptions
{
    /// <summary>Address of the hub.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The cache, which other tools use too.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Finds the token, each time that it is needed.</summary>
    public Func<HubToken?> Token { get; init; } = () => null;

    /// <summary>Asks nothing.</summary>
    public bool Offline { get; init; }

    /// <summary>Files at once.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Attempts in a row without a byte of progress before it gives up.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait before the second attempt; doubled each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait that the hub may ask for (429) before it becomes an error.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A connection that brings nothing for so long is cut.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Space that must stay free on the disk, bytes.</summary>
    public long SpareSpace { get; init; } = 256L << 20;

    /// <summary>Free space at a path, bytes.</summary>
    public Func<string, long> FreeSpace { get; init; } = path => new DriveInfo(path).AvailableFreeSpace;

    /// <summary>Whether links are tried before files are moved into the snapshot.</summary>
    internal bool Links { get; init; } = true;

    /// <summary>As the environment variables have it, unless a setting says otherwise.</summary>
    /// <exception cref="HubException">The endpoint is no address.</exception>
    public static HubOptions From(HubEnvironment environment, string? endpoint = null, string? cacheFolder = null)
    {
        string address = endpoint?.TrimEnd('/') ?? environment.Endpoint;
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("https" or "http"))
            throw new HubException(HubFault.Request, $"hub endpoint '{address}': expected an address such as https://huggingface.co");
        return new HubOptions
        {
            Endpoint = uri,
            CacheFolder = Path.GetFullPath(cacheFolder ?? environment.CacheFolder),
            Token = environment.FindToken,
            Offline = environment.Offline,
        };
    }
}
