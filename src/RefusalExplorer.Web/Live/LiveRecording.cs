using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Web.Live;

/// <summary>An event of a recording.</summary>
/// <param name="Ms">Milliseconds since its beginning.</param>
/// <param name="Event">What happened.</param>
public sealed record RecordedEvent(double Ms, LiveEvent Event);

/// <summary>A recorded demonstration: all that was seen, with its times, so that it plays without the model.</summary>
public sealed record LiveRecording
{
    /// <summary>Events kept.</summary>
    public const int MostEvents = 50_000;

    /// <summary>Largest file that is read.</summary>
    public const int MostBytes = 32 * 1024 * 1024;

    private const string FormatName = "refusal-explorer-live";
    private const double LongestMs = 6 * 60 * 60 * 1000;

    /// <summary>Names the kind of file.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>Version of the form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Version of the program that recorded it.</summary>
    public string AppVersion { get; init; } = RunRecords.AppVersion;

    /// <summary>The model that was shown.</summary>
    public required string Model { get; init; }

    /// <summary>UTC time of the recording.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The events, in order.</summary>
    public ImmutableArray<RecordedEvent> Events { get; init; } = [];

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ProbeJson.Options);

    /// <summary>Reads a file.</summary>
    /// <exception cref="EngineException">It is no recording, or broken; one line says where.</exception>
    public static LiveRecording Read(string json, string where)
    {
        LiveRecording recording;
        try
        {
            recording = JsonSerializer.Deserialize<LiveRecording>(json, ProbeJson.Options) ?? throw new EngineException($"{where}: expected a recording, found null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new EngineException($"{where}: no recording of a demonstration: {e.Message}", e);
        }
        if (recording.Format != FormatName || recording.Version != 1)
            throw new EngineException($"{where}: format '{recording.Format}' version {recording.Version}; expected '{FormatName}' version 1");
        if (recording.Events.IsDefault || recording.Events.Length > MostEvents)
            throw new EngineException($"{where}: expected 0 to {MostEvents} events");
        double last = 0;
        for (int i = 0; i < recording.Events.Length; i++)
        {
            RecordedEvent e = recording.Events[i];
            if (e?.Event is null || !(e.Ms >= last && e.Ms <= LongestMs))
                throw new EngineException($"{where}: event {i}: expected an event with a time that is not before the one before it");
            if (!IsWhole(e.Event))
                throw new EngineException($"{where}: event {i}: a field is missing or has too many entries");
            last = e.Ms;
        }
        return recording;
    }

    private static bool IsWhole(LiveEvent e) => e switch
    {
        LiveEvent.Said said => said.Text is not null,
        LiveEvent.Moved moved => moved is { Sliders: { IsDefault: false, Length: <= LiveState.MostSliders }, Scope: not null } && moved.Sliders.All(s => s is not null),
        LiveEvent.Read read => read.Reading is { RefusalProbabilityByLayer.IsDefault: false, Cosine.IsDefault: false },
        LiveEvent.Wrote wrote => wrote.Text is not null,
        LiveEvent.Ended ended => ended is { Text: not null, Verdict: not null },
        LiveEvent.Failed failed => failed.Message is not null,
        _ => true,
    };
}
