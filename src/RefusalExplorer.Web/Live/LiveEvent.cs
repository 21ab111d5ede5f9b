using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Live;

/// <summary>What happens in a demonstration; a recording is a list of these with their times.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Said), "said")]
[JsonDerivedType(typeof(Moved), "moved")]
[JsonDerivedType(typeof(Read), "read")]
[JsonDerivedType(typeof(Began), "began")]
[JsonDerivedType(typeof(Wrote), "wrote")]
[JsonDerivedType(typeof(Ended), "ended")]
[JsonDerivedType(typeof(Stopped), "stopped")]
[JsonDerivedType(typeof(Failed), "failed")]
[JsonDerivedType(typeof(Cleared), "cleared")]
public abstract record LiveEvent
{
    /// <summary>The user's message, to both sides.</summary>
    public sealed record Said(string Text, bool Sensitive) : LiveEvent;

    /// <summary>The sliders as they stand now.</summary>
    public sealed record Moved(ImmutableArray<LiveSlider> Sliders, TokenScope Scope) : LiveEvent;

    /// <summary>A side's numbers before its answer.</summary>
    public sealed record Read(LiveSide Side, LiveReading Reading) : LiveEvent;

    /// <summary>A side begins to answer.</summary>
    public sealed record Began(LiveSide Side) : LiveEvent;

    /// <summary>More of a side's answer.</summary>
    public sealed record Wrote(LiveSide Side, string Text) : LiveEvent;

    /// <summary>A side's whole answer.</summary>
    public sealed record Ended(LiveSide Side, string Text, Verdict Verdict, double TokensPerSecond) : LiveEvent;

    /// <summary>The answers under way were given up.</summary>
    public sealed record Stopped : LiveEvent;

    /// <summary>Something went wrong.</summary>
    public sealed record Failed(string Message) : LiveEvent;

    /// <summary>A new conversation begins; sliders stay.</summary>
    public sealed record Cleared : LiveEvent;
}
