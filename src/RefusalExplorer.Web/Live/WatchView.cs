using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Web.Live;

/// <summary>What an audience gets of a demonstration. Covered text is not in it, so that no browser can uncover it.</summary>
/// <param name="Message">The newest message, or null where it is covered or there is none.</param>
/// <param name="MessageCovered">Whether there is one that is covered.</param>
/// <param name="Sliders">The sliders.</param>
/// <param name="Baseline">The side without edits.</param>
/// <param name="Steered">The side under the sliders.</param>
public sealed record WatchView(string? Message, bool MessageCovered, ImmutableArray<WatchView.Slider> Sliders, WatchView.Column Baseline, WatchView.Column Steered)
{
    /// <summary>What the audience sees of a state.</summary>
    public static WatchView Of(LiveState state)
    {
        string? message = state.Baseline.Turns.IsEmpty ? null : state.Baseline.Turns[^1].Content;
        bool covered = message is not null && LiveText.CoversMessages(state);
        return new WatchView(
            covered ? null : message, covered,
            [.. state.Sliders.Select(s => new Slider(s.Feature.ToString(), LiveText.Units(s), LiveText.Raw(s), s.On))],
            Column.Of(state, state.Baseline), Column.Of(state, state.Steered));
    }

    /// <summary>A slider, in the presenter's words.</summary>
    public sealed record Slider(string Feature, string Units, string Raw, bool On);

    /// <summary>A side.</summary>
    /// <param name="Text">What is shown of its answer.</param>
    /// <param name="Covered">Characters that are not.</param>
    /// <param name="Writing">Whether it is being written.</param>
    /// <param name="Verdict">The verdict, once it has ended.</param>
    /// <param name="Probability">P("I"), or null.</param>
    /// <param name="ByLayer">P("I") by layer.</param>
    /// <param name="Cosine">Cosine by layer.</param>
    public sealed record Column(
        string Text, int Covered, bool Writing, VerdictKind? Verdict, double? Probability, ImmutableArray<float> ByLayer, ImmutableArray<float> Cosine)
    {
        internal static Column Of(LiveState state, LiveColumn column)
        {
            (string clear, string covered) = LiveText.Split(state, column);
            return new Column(
                clear, covered.Length, column.Writing, column.Verdict?.Kind, column.Reading?.RefusalProbability,
                column.Reading?.RefusalProbabilityByLayer ?? [], column.Reading?.Cosine ?? []);
        }
    }
}
