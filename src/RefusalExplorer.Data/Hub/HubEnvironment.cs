namespace RefusalExplorer.Data.Hub;

/// <summary>The environment variables that the hub's own tools read, in their order of precedence.</summary>
/// <param name="variable">Reads one; <see cref="Environment.GetEnvironmentVariable(string)"/> but for tests.</param>
public sealed class HubEnvironment(Func<string, string?>? variable = null)
{
    private readonly Func<string, string?> _variable = variable ?? Environment.GetEnvironmentVariable;

    /// <summary><c>HF_ENDPOINT</c>, or the public hub.</summary>
    public string Endpoint => Read("HF_ENDPOINT")?.TrimEnd('/') ?? "https://huggingface.co";

    /// <summary><c>HF_HUB_CACHE</c>, <c>HF_HOME/hub</c> or <c>~/.cache/huggingface/hub</c>.</summary>
    public string CacheFolder => Read("HF_HUB_CACHE") ?? Read("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub");

    /// <summary><c>HF_HUB_OFFLINE</c>.</summary>
    public bool Offline => Read("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON";

    private string Home => Read("HF_HOME") ?? Path.Combine(
        Read("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");

    private string TokenFile => Read("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");

    /// <summary>The token as it is now, so that a login in another window counts at once; null where there is none.</summary>
    public HubToken? FindToken()
    {
        foreach (string name in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
        {
            if (Read(name) is { } value)
                return new HubToken(value, name);
        }
        try
        {
            return File.Exists(TokenFile) && File.ReadAllText(TokenFile).Trim() is { Length: > 0 } text ? new HubToken(text, TokenFile) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string? Read(string name) => _variable(name)?.Trim() is { Length: > 0 } value ? Expand(value) : null;

    private static string Expand(string value) => value.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), value[2..])
        : value;
}

/// <summary>A token and where it was found. Its value leaves only towards the hub itself.</summary>
public sealed class HubToken
{
    internal HubToken(string value, string origin)
    {
        // A pasted line end would make an invalid header.
        Value = new string([.. value.Where(c => c is > ' ' and < '\u007f')]);
        Origin = origin;
    }

    /// <summary>The variable or file that it comes from.</summary>
    public string Origin { get; }

    internal string Value { get; }

    /// <summary>Where it comes from, never its value.</summary>
    public override string ToString() => $"token from {Origin}";
}
