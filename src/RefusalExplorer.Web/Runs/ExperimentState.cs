using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Runs;

/// <summary>What watchers see of an experiment: all its events so far, folded.</summary>
public sealed record ExperimentState(ExperimentRequest Request)
{
    /// <summary>The page's own state as a query, or empty where no page started it.</summary>
    public string Page { get; init; } = "";

    /// <summary>When the first token came.</summary>
    public DateTimeOffset? FirstTokenAt { get; init; }

    /// <summary>New tokens of all arms.</summary>
    public int TokenCount { get; init; }

    /// <summary>New tokens a second over all arms; 0 while it is not known.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Share of the answers that is there, or null before they begin.</summary>
    public double? Answered => Arms.IsEmpty ? null
        : Result is not null ? 1
        : (double)Arms.Values.Max(a => a.Tokens.Count) / Request.Generation.MaxNewTokens;

    /// <summary>Runs before it while it waits; null once it has begun.</summary>
    public int? QueuedBehind { get; init; }

    /// <summary>The step under way (loading, computing the direction), or null.</summary>
    public string? Phase { get; init; }

    /// <summary>Share of that step, or null.</summary>
    public double? Fraction { get; init; }

    /// <summary>The arms that have begun, baseline first.</summary>
    public ImmutableSortedDictionary<Arm, ArmState> Arms { get; init; } = ImmutableSortedDictionary<Arm, ArmState>.Empty;

    /// <summary>The whole result, once there is one.</summary>
    public ExperimentResult? Result { get; init; }

    /// <summary>Why it could not be stored, one line; null where it was.</summary>
    public string? StoreProblem { get; init; }

    /// <summary>The state after an event.</summary>
    /// <param name="e">What happened.</param>
    /// <param name="now">When.</param>
    public ExperimentState After(ExperimentEvent e, DateTimeOffset now) => e switch
    {
        ExperimentEvent.Queued queued => this with { QueuedBehind = queued.Before == 0 ? null : queued.Before },
        ExperimentEvent.Phase phase => this with { Phase = phase.What, Fraction = phase.Fraction, QueuedBehind = null },
        ExperimentEvent.FirstToken first => this with
        {
            Phase = null,
            Fraction = null,
            QueuedBehind = null,
            Arms = Arms.SetItem(first.Arm.Arm, new ArmState(first.Arm, [])),
        },
        ExperimentEvent.Token token when Arms.TryGetValue(token.Arm, out ArmState? arm) => After(arm with { Tokens = arm.Tokens.Add(token.View) }, now),
        ExperimentEvent.Finished finished => Of(finished.Result),
        _ => this,
    };

    /// <summary>The state with its result.</summary>
    public ExperimentState Of(ExperimentResult result) => this with
    {
        Phase = null,
        Fraction = null,
        QueuedBehind = null,
        Result = result,
        Arms = result.Arms.ToImmutableSortedDictionary(a => a.Arm, a => new ArmState(a, [.. a.Generated])),
        TokenCount = result.Arms.Sum(a => a.Generated.Length),
        TokensPerSecond = result.TokensPerSecond,
    };

    private ExperimentState After(ArmState arm, DateTimeOffset now)
    {
        double seconds = (now - (FirstTokenAt ?? now)).TotalSeconds;
        return this with
        {
            Arms = Arms.SetItem(arm.Arm.Arm, arm),
            FirstTokenAt = FirstTokenAt ?? now,
            TokenCount = TokenCount + 1,
            // The first tokens' rate says nothing yet.
            TokensPerSecond = seconds > 0.2 ? TokenCount / seconds : TokensPerSecond,
        };
    }
}

/// <summary>An arm under way.</summary>
/// <param name="Arm">What its first pass gave; the whole arm once it has ended.</param>
/// <param name="Tokens">Generated so far.</param>
public sealed record ArmState(ArmResult Arm, ImmutableList<TokenView> Tokens)
{
    /// <summary>Its text so far.</summary>
    public string Text => string.Concat(Tokens.Select(t => t.Text));
}
