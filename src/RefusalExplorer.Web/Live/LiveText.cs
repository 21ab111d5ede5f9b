using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Live;

/// <summary>Which text of a demonstration may be harmful. A refusal holds nothing harmful; every other answer to such a message may, after its first words.</summary>
public static class LiveText
{
    /// <summary>Words of an answer that are always shown: enough to see whether it refuses or sets out to answer.</summary>
    public const int ClearWords = 8;

    private static readonly SubstringJudge Refusals = new();

    /// <summary>An answer in two parts: what is shown, and what may be harmful.</summary>
    public static (string Clear, string Covered) Split(LiveState state, LiveColumn column) => Split(state, column.Answer, column.Verdict);

    /// <summary>The same for an answer of earlier turns.</summary>
    public static (string Clear, string Covered) Split(LiveState state, string answer, Verdict? verdict)
    {
        if (state.Blur == LiveBlur.Shown || !state.Sensitive || IsRefusal(answer, verdict))
            return (answer, "");
        int at = 0;
        for (int words = 0; at < answer.Length; at++)
        {
            if (char.IsWhiteSpace(answer[at]) && at > 0 && !char.IsWhiteSpace(answer[at - 1]) && ++words == ClearWords)
                break;
        }
        return (answer[..at], answer[at..]);
    }

    /// <summary>Where a slider stands, as presenter and audience read it.</summary>
    public static string Units(LiveSlider slider) => slider.On ? $"{Numbers.Brief(slider.Units)}×" : "free";

    /// <summary>The activation that a slider clamps to, as both read it; of one that is free, what its unit is.</summary>
    public static string Raw(LiveSlider slider) => slider.On ? $"raw {Numbers.Brief(slider.Raw)}" : slider.Maximum is { } most ? $"1× = {Numbers.Brief(most)}" : "";

    /// <summary>Whether the user's messages are covered.</summary>
    public static bool CoversMessages(LiveState state) => state.Sensitive && state.Blur != LiveBlur.Shown;

    private static bool IsRefusal(string answer, Verdict? verdict) =>
        (verdict ?? Refusals.Judge(answer))?.Kind == VerdictKind.Refused;
}
