using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>When Neuronpedia may be asked. Answers that are kept are shown whatever it is.</summary>
public enum NeuronpediaUse
{
    /// <summary>Never: no request leaves this machine.</summary>
    Off,

    /// <summary>When the user asks for it (a button, a search).</summary>
    OnRequest,

    /// <summary>Also by itself, when a feature is shown.</summary>
    Automatic,
}

/// <summary>A feature as Neuronpedia names it.</summary>
/// <param name="Model">Its model id (<c>gemma-2-2b</c>).</param>
/// <param name="Source">The SAE, which begins with its 0-based layer (<c>16-gemmascope-res-65k</c>).</param>
/// <param name="Index">0-based index in the SAE.</param>
public sealed record NeuronpediaKey(string Model, string Source, int Index)
{
    /// <summary><c>gemma-2-2b/16-gemmascope-res-65k/98914</c>.</summary>
    public override string ToString() => $"{Model}/{Source}/{Index}";
}

/// <summary>What Neuronpedia said of a feature, and when.</summary>
/// <param name="Key">The feature.</param>
/// <param name="AskedAt">UTC time of the answer, which is kept for good.</param>
/// <param name="Feature">What it has, or null where it said that it has no such feature (404).</param>
public sealed record NeuronpediaAnswer(NeuronpediaKey Key, DateTimeOffset AskedAt, NeuronpediaFeature? Feature);

/// <summary>Whether and when it can be asked.</summary>
/// <param name="Use">What the user allows.</param>
/// <param name="PausedUntil">UTC time until which it is not asked, since it refused (429) or could not be reached; null: now.</param>
/// <param name="Reason">Why it is paused, one line, or null.</param>
/// <param name="Remaining">Requests that it allows within the hour, as its last answer said, or null.</param>
/// <param name="HasKey">Whether an API key is set.</param>
/// <param name="SearchPausedUntil">The same as <paramref name="PausedUntil"/> for searches, which have a limit of their own.</param>
/// <param name="IsFixed">Whether the settings fix <paramref name="Use"/>, so that it cannot be changed on a page.</param>
public sealed record NeuronpediaStatus(
    NeuronpediaUse Use, DateTimeOffset? PausedUntil, string? Reason, int? Remaining, bool HasKey, DateTimeOffset? SearchPausedUntil = null, bool IsFixed = false);

/// <summary>One hit of Neuronpedia's own search by meaning.</summary>
/// <param name="Explanation">The explanation.</param>
/// <param name="Cosine">Cosine of its embedding with the query's, or null.</param>
/// <param name="MaxActivation">The feature's largest known activation, or null.</param>
public sealed record NeuronpediaHit(Explanation Explanation, double? Cosine, double? MaxActivation);

/// <summary>One page of hits.</summary>
/// <param name="Hits">Best first.</param>
/// <param name="NextOffset">Where the next page begins, or null after the last.</param>
/// <param name="AskedAt">UTC time of the answer, which is kept for good.</param>
public sealed record NeuronpediaHits(ImmutableArray<NeuronpediaHit> Hits, int? NextOffset, DateTimeOffset AskedAt);

/// <summary>Why Neuronpedia did not answer.</summary>
public enum NeuronpediaFault
{
    /// <summary>The user does not allow requests.</summary>
    Off,

    /// <summary>It is paused; the status says until when.</summary>
    Paused,

    /// <summary>It cannot be reached.</summary>
    Unreachable,

    /// <summary>It refused the request or its key.</summary>
    Refused,

    /// <summary>It failed, or what came is not what it should be.</summary>
    Broken,
}

/// <summary>Neuronpedia did not answer; the message is one line that says why and what to do.</summary>
public sealed class NeuronpediaException(NeuronpediaFault fault, string message, Exception? inner = null) : EngineException(message, inner)
{
    /// <summary>Why.</summary>
    public NeuronpediaFault Fault { get; } = fault;
}

/// <summary>
/// Neuronpedia (https://www.neuronpedia.org): every answer is kept for good with its date, those that say "no such feature" too, and is given
/// again without a request. Nothing is asked unless one of the asking methods is called and <see cref="NeuronpediaStatus.Use"/> allows it.
/// </summary>
public interface INeuronpedia
{
    /// <summary>Most features of one <see cref="FeaturesAsync"/> request; more are asked in several.</summary>
    const int BatchSize = 50;

    /// <summary>Whether and when it can be asked.</summary>
    NeuronpediaStatus Status { get; }

    /// <summary>The status changed; raised on any thread.</summary>
    event Action? StatusChanged;

    /// <summary>Allows or forbids requests from now on, also after a restart.</summary>
    /// <exception cref="NeuronpediaException">The settings fix it.</exception>
    Task SetUseAsync(NeuronpediaUse use, CancellationToken cancellation = default);

    /// <summary>The answer that is kept, or null; never asks.</summary>
    NeuronpediaAnswer? Kept(NeuronpediaKey key);

    /// <summary>The answers that are kept, by index, of one SAE; never asks.</summary>
    ImmutableDictionary<int, NeuronpediaAnswer> Kept(string model, string source, IReadOnlyCollection<int> indices);

    /// <summary>The answer that is kept, or else a new one.</summary>
    /// <param name="key">The feature.</param>
    /// <param name="refresh">Asks although an answer is kept, and keeps the new one.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="NeuronpediaException">It did not answer; what is kept stays.</exception>
    Task<NeuronpediaAnswer> FeatureAsync(NeuronpediaKey key, bool refresh = false, CancellationToken cancellation = default);

    /// <summary>The same for features of one SAE, by index, in few requests.</summary>
    /// <exception cref="NeuronpediaException">It did not answer; what had come by then is kept.</exception>
    Task<ImmutableDictionary<int, NeuronpediaAnswer>> FeaturesAsync(
        string model, string source, IReadOnlyCollection<int> indices, CancellationToken cancellation = default);

    /// <summary>Searches the explanations at Neuronpedia by meaning; 200 searches an hour are allowed.</summary>
    /// <param name="model">Its model id.</param>
    /// <param name="sources">SAEs to search.</param>
    /// <param name="query">At least 3 characters.</param>
    /// <param name="offset">Hits to pass over, as the page before said.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="NeuronpediaException">The query is too short, or it did not answer.</exception>
    Task<NeuronpediaHits> SearchAsync(
        string model, IReadOnlyCollection<string> sources, string query, int offset = 0, CancellationToken cancellation = default);
}
