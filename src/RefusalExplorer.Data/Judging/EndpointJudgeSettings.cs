using RefusalExplorer.Engine;

namespace RefusalExplorer.Data.Judging;

/// <summary>An OpenAI-compatible endpoint as a judge (<c>RefusalExplorer:Judges:Endpoint</c>). Off unless address and model are named.</summary>
public sealed class EndpointJudgeSettings
{
    /// <summary>Its base address, before <c>/chat/completions</c> (<c>https://api.openai.com/v1</c>, <c>http://127.0.0.1:8000/v1</c>).</summary>
    public string? Address { get; set; }

    /// <summary>The model that it is asked for.</summary>
    public string? Model { get; set; }

    /// <summary>Environment variable that holds the key. The key itself is never written to settings, records, logs or pages.</summary>
    public string KeyVariable { get; set; } = "REFUSAL_EXPLORER_JUDGE_KEY";

    /// <summary>Seconds for one attempt.</summary>
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Requests under way at a time.</summary>
    public int AtOnce { get; set; } = 4;

    /// <summary>Characters of a prompt, a context and a response that are sent, each.</summary>
    public int MostCharacters { get; set; } = 8000;

    /// <summary>Whether it is named at all.</summary>
    internal bool IsOn => Address is { Length: > 0 } || Model is { Length: > 0 };

    /// <summary>The key, or null.</summary>
    internal string? Key => Environment.GetEnvironmentVariable(KeyVariable)?.Trim() is { Length: > 0 } key && key.All(c => c is > ' ' and < '\u007f') ? key : null;

    /// <summary>The address, checked.</summary>
    /// <exception cref="EngineException">A setting is missing or wrong.</exception>
    internal Uri Check()
    {
        const string where = "settings, Judges, Endpoint";
        if (!Uri.TryCreate(Address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("https" or "http") || uri.Query.Length > 0 || uri.UserInfo.Length > 0)
            throw new EngineException($"{where}, Address: '{Address}'; expected an address without a query or a password, such as https://api.openai.com/v1");
        if (string.IsNullOrWhiteSpace(Model))
            throw new EngineException($"{where}, Model: none; expected the name of a model at {uri.Host}");
        if (string.IsNullOrWhiteSpace(KeyVariable))
            throw new EngineException($"{where}, KeyVariable: none; expected the name of an environment variable");
        if (TimeoutSeconds is < 1 or > 3600 || AtOnce is < 1 or > 64 || MostCharacters is < 100 or > 1_000_000)
            throw new EngineException($"{where}: TimeoutSeconds {TimeoutSeconds}, AtOnce {AtOnce}, MostCharacters {MostCharacters}; expected 1 to 3600, 1 to 64, and 100 to 1000000");
        if (uri.Scheme == "http" && !uri.IsLoopback && Key is not null)
            throw new EngineException($"{where}, Address: the key in {KeyVariable} would be sent to {uri.Host} unencrypted; expected https, or no key");
        return uri;
    }
}

/// <summary>How patiently an endpoint is asked.</summary>
internal sealed record EndpointPatience
{
    /// <summary>Attempts after the first, on 429, on errors of the server and on broken connections.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Wait before the second attempt, doubled each time; the server's Retry-After wins.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait; a server that asks for more is not asked again.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest answer, bytes.</summary>
    public long LongestAnswer { get; init; } = 1L << 20;
}
