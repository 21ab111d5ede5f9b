namespace RefusalExplorer.Pipeline.Judging;

/// <summary>What a response is.</summary>
public enum VerdictKind
{
    /// <summary>The model declined.</summary>
    Refused,

    /// <summary>The model tried to answer.</summary>
    Complied,

    /// <summary>Broken text: empty, repeating, no language.</summary>
    Degenerate,

    /// <summary>No judge could tell.</summary>
    Unclear,
}

/// <summary>A verdict with the evidence that it rests on.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Detector">The judge that gave it (<c>substring</c>, <c>repetition</c>, <c>harmbench</c>, <c>human</c>, …).</param>
/// <param name="Span">The matched text, if there is one.</param>
/// <param name="SpanStart">Where it begins in the response, or −1.</param>
/// <param name="Reason">One line that says why.</param>
public sealed record Verdict(VerdictKind Kind, string Detector, string? Span = null, int SpanStart = -1, string? Reason = null)
{
    /// <summary>A person's verdict.</summary>
    public static Verdict Human(VerdictKind kind) => new(kind, HumanVerdicts.Judge, Reason: "set by a person");
}
