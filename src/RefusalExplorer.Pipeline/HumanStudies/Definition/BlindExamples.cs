using System.Text.RegularExpressions;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Takes from examples what annotators may not see.</summary>
public static partial class BlindExamples
{
    private const double ActiveShare = 0.5;

    /// <summary>An example without its activations: tokens are marked as strongest, active or plain.</summary>
    public static BlindExample Of(ActivatingExample example) => new(
        [.. example.Tokens.Select((token, i) => new BlindToken(Text(token), Mark(example, i)))],
        example.CutBefore, example.CutAfter, example.MayBeHarmful);

    /// <summary>A plain text in the same form, its longest word marked as the strongest: a catch trial must look like everything else.</summary>
    public static BlindExample Of(string text, bool mayBeHarmful)
    {
        string[] words = [.. Words().Matches(text).Select(m => m.Value)];
        int longest = words.Index().MaxBy(w => w.Item.Trim().Length).Index;
        return new BlindExample(
            [.. words.Select((word, i) => new BlindToken(word, i == longest ? TokenMark.Strongest : TokenMark.Plain))], false, false, mayBeHarmful);
    }

    private static TokenMark Mark(ActivatingExample example, int i) =>
        i == example.Peak ? TokenMark.Strongest : example.Activations[i] >= ActiveShare * example.Max ? TokenMark.Active : TokenMark.Plain;

    private static string Text(TokenView token) => token.Text.Length > 0 ? token.Text : token.Piece;

    [GeneratedRegex(@"\s*\S+\s*$|\s*\S+")]
    private static partial Regex Words();
}
