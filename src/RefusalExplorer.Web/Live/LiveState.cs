using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Live;

/// <summary>What a demonstration shows of text that may be harmful; the presenter chooses at the start, and it holds to the end.</summary>
public enum LiveBlur
{
    /// <summary>It is never shown, to nobody.</summary>
    Hidden,

    /// <summary>The presenter may reveal it piece by piece on the own screen; the audience's links never show it.</summary>
    Revealable,

    /// <summary>Everything is shown to everybody.</summary>
    Shown,
}

/// <summary>The two sides of a demonstration.</summary>
public enum LiveSide
{
    /// <summary>Without edits.</summary>
    Baseline,

    /// <summary>Under the sliders.</summary>
    Steered,
}

/// <summary>A feature with its slider.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Maximum">Its largest known activation; null where none is known: units are raw then.</param>
/// <param name="Units">Where the slider stands, in units of the largest activation; 0 ablates.</param>
/// <param name="On">Whether the feature is clamped at all.</param>
public sealed record LiveSlider(FeatureId Feature, double? Maximum, double Units = 1, bool On = false)
{
    /// <summary>Farthest that a slider goes, either way.</summary>
    public const double Reach = 3;

    /// <summary>The activation that it clamps to.</summary>
    public double Raw => Units * (Maximum ?? 1);
}

/// <summary>One side: its conversation, and how the answer under way stands.</summary>
public sealed record LiveColumn
{
    /// <summary>The conversation, answers included but the newest.</summary>
    public ImmutableArray<ChatMessage> Turns { get; init; } = [];

    /// <summary>Messages of the user in it: one that was sent before the answer to the last has none between them.</summary>
    public int Messages => Turns.Count(t => t.Role == "user");

    /// <summary>The newest answer so far.</summary>
    public string Answer { get; init; } = "";

    /// <summary>Whether the newest answer is being written.</summary>
    public bool Writing { get; init; }

    /// <summary>The verdict on the newest answer, once it has ended.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>P("I") and cosines before the newest answer.</summary>
    public LiveReading? Reading { get; init; }
}

/// <summary>Everything that a demonstration shows: all its events so far, folded.</summary>
public sealed record LiveState
{
    /// <summary>Sliders at once.</summary>
    public const int MostSliders = 8;

    /// <summary>A configured model's name.</summary>
    public string Model { get; init; } = "";

    /// <summary>What is shown of text that may be harmful.</summary>
    public LiveBlur Blur { get; init; }

    /// <summary>Whether something in the conversation may be harmful.</summary>
    public bool Sensitive { get; init; }

    /// <summary>The sliders.</summary>
    public ImmutableArray<LiveSlider> Sliders { get; init; } = [];

    /// <summary>Tokens that the sliders touch.</summary>
    public TokenScope Scope { get; init; } = TokenScope.AllButFirst;

    /// <summary>The side without edits.</summary>
    public LiveColumn Baseline { get; init; } = new();

    /// <summary>The side under the sliders.</summary>
    public LiveColumn Steered { get; init; } = new();

    /// <summary>Whether the steered answer is older than the sliders.</summary>
    public bool Stale { get; init; }

    /// <summary>New tokens a second of the last answers; 0 while not known.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>What went wrong last, one line, or null.</summary>
    public string? Error { get; init; }

    /// <summary>The edits that the sliders make.</summary>
    public InterventionSet Edits => new([.. Sliders.Where(s => s.On).Select(s => Intervention.Clamp([s.Feature], s.Raw, Scope))]);

    /// <summary>Whether an answer is being written.</summary>
    public bool Writing => Baseline.Writing || Steered.Writing;

    /// <summary>One side.</summary>
    public LiveColumn this[LiveSide side] => side == LiveSide.Baseline ? Baseline : Steered;

    /// <summary>The state after an event.</summary>
    public LiveState After(LiveEvent e) => e switch
    {
        LiveEvent.Said said => this with
        {
            Sensitive = Sensitive || said.Sensitive,
            Baseline = Begin(Baseline, said.Text),
            Steered = Begin(Steered, said.Text),
            Error = null,
        },
        LiveEvent.Moved moved => this with { Sliders = moved.Sliders, Scope = moved.Scope, Stale = !Steered.Turns.IsEmpty },
        LiveEvent.Read read => With(read.Side, c => c with { Reading = read.Reading }),
        LiveEvent.Began began => With(began.Side, c => c with { Answer = "", Writing = true, Verdict = null }) with { Stale = Stale && began.Side != LiveSide.Steered, Error = null },
        LiveEvent.Wrote wrote => With(wrote.Side, c => c with { Answer = c.Answer + wrote.Text }),
        LiveEvent.Ended ended => With(ended.Side, c => c with { Answer = ended.Text, Writing = false, Verdict = ended.Verdict }) with { TokensPerSecond = ended.TokensPerSecond },
        LiveEvent.Stopped => this with { Baseline = Baseline with { Writing = false }, Steered = Steered with { Writing = false } },
        LiveEvent.Failed failed => this with { Error = failed.Message },
        LiveEvent.Cleared => new LiveState { Model = Model, Blur = Blur, Sliders = Sliders, Scope = Scope },
        _ => this,
    };

    private LiveState With(LiveSide side, Func<LiveColumn, LiveColumn> change) =>
        side == LiveSide.Baseline ? this with { Baseline = change(Baseline) } : this with { Steered = change(Steered) };

    private static LiveColumn Begin(LiveColumn column, string text)
    {
        ImmutableArray<ChatMessage> before = column.Answer.Length > 0 ? column.Turns.Add(new ChatMessage("assistant", column.Answer)) : column.Turns;
        return new LiveColumn { Turns = before.Add(new ChatMessage("user", text)) };
    }
}
