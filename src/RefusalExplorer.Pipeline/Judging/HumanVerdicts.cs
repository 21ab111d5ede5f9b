using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Judging;

/// <summary>A person's verdict on a response.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="By">Who gave it.</param>
/// <param name="At">UTC time.</param>
public sealed record HumanVerdict(VerdictKind Kind, string By, DateTimeOffset At);

/// <summary>
/// People's verdicts. They belong to the exchange, not to the run: the same prompt and response found by another run has the same verdict.
/// They win over every judge.
/// </summary>
public sealed class HumanVerdicts(IDocumentStore? store = null, TimeProvider? time = null)
{
    /// <summary>What verdicts of people name as their detector.</summary>
    public const string Judge = "human";

    private const string Collection = "verdicts";

    private long _version;

    /// <summary>Grows with every verdict that is given or taken back here: what was made of them before is out of date.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Whether anybody has judged anything.</summary>
    public bool Any() => store is not null && !store.Keys(Collection).IsEmpty;

    /// <summary>A verdict was set or taken back; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Key of an exchange: SHA-256 of prompt and response.</summary>
    public static string Key(string prompt, string response) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{prompt}\0{response}")));

    /// <summary>The verdict on an exchange, or null.</summary>
    public HumanVerdict? Get(string prompt, string response) =>
        store is not null && store.TryGet(Collection, Key(prompt, response), out string? json) ? JsonSerializer.Deserialize<HumanVerdict>(json) : null;

    /// <summary>Sets a verdict, or takes it back with null.</summary>
    /// <exception cref="PipelineException">There is no store.</exception>
    public async Task SetAsync(string prompt, string response, VerdictKind? kind, string by, CancellationToken cancellation = default)
    {
        IDocumentStore documents = store ?? throw new PipelineException("verdicts cannot be kept: there is no store");
        if (kind is { } given)
        {
            string json = JsonSerializer.Serialize(new HumanVerdict(given, by, (time ?? TimeProvider.System).GetUtcNow()));
            await documents.PutAsync(Collection, Key(prompt, response), json, cancellation).ConfigureAwait(false);
        }
        else
        {
            await documents.DeleteAsync(Collection, Key(prompt, response), cancellation).ConfigureAwait(false);
        }
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }
}
