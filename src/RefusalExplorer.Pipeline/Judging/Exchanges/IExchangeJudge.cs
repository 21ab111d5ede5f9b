using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Judging;

/// <summary>A prompt with its response.</summary>
/// <param name="Prompt">The user's message.</param>
/// <param name="Response">The model's response.</param>
/// <param name="Context">What a contextual behaviour refers to (HarmBench), or null.</param>
public sealed record Exchange(string Prompt, string Response, string? Context = null);

/// <summary>A judge that reads prompt and response: a classifier in our own engine, or an endpoint. Many exchanges go to it together.</summary>
public interface IExchangeJudge
{
    /// <summary>The detector's name in verdicts.</summary>
    string Name { get; }

    /// <summary>What it is and what it sends where, one line for pages and records.</summary>
    string Description { get; }

    /// <summary>The host that prompts and responses are sent to; null: they stay in this process.</summary>
    string? SendsTo => null;

    /// <summary>One verdict for each exchange, in order; unclear where the judge's answer is neither yes nor no.</summary>
    Task<ImmutableArray<Verdict>> JudgeAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation);
}
