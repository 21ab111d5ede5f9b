namespace RefusalExplorer.Pipeline.Judging;

/// <summary>Finds responses without a letter or digit: nothing, blanks, or punctuation alone.</summary>
public sealed class EmptinessDetector : IResponseJudge
{
    /// <inheritdoc/>
    public string Name => "emptiness";

    /// <inheritdoc/>
    public Verdict? Judge(string response)
    {
        if (string.IsNullOrWhiteSpace(response))
            return new Verdict(VerdictKind.Degenerate, Name, Reason: "the response is empty");
        return response.Any(char.IsLetterOrDigit) || response.EnumerateRunes().Any(IsSymbolThatSpeaks)
            ? null
            : new Verdict(VerdictKind.Degenerate, Name, response.Trim(), response.IndexOf(response.Trim()[0], StringComparison.Ordinal), "no letter or digit in it");
    }

    /// <summary>Letters beyond the basic plane and emoji are surrogate pairs, which <see cref="char.IsLetterOrDigit(char)"/> does not know.</summary>
    private static bool IsSymbolThatSpeaks(System.Text.Rune rune) => rune.Value > 0xFFFF;
}
