using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Web.Judging;

/// <summary>A piece of a response.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Detector">The judge that matched it; null where none did.</param>
public sealed record Piece(string Text, string? Detector);

/// <summary>Marks what judges matched.</summary>
public static class Spans
{
    /// <summary>The response in pieces, the matched ones named; of spans that overlap the first counts.</summary>
    public static ImmutableArray<Piece> Of(JudgedResponse response)
    {
        var pieces = ImmutableArray.CreateBuilder<Piece>();
        int at = 0;
        foreach (Verdict match in response.Opinions.Append(response.Verdict)
            .Where(o => o.Span is { Length: > 0 } span && o.SpanStart >= 0 && o.SpanStart + span.Length <= response.Text.Length)
            .OrderBy(o => o.SpanStart))
        {
            if (match.SpanStart < at)
                continue;
            if (match.SpanStart > at)
                pieces.Add(new Piece(response.Text[at..match.SpanStart], null));
            at = match.SpanStart + match.Span!.Length;
            pieces.Add(new Piece(response.Text[match.SpanStart..at], match.Detector));
        }
        if (at < response.Text.Length)
            pieces.Add(new Piece(response.Text[at..], null));
        return pieces.ToImmutable();
    }
}
