using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Studies in the store: a run of kind <c>study</c> each, its latest checkpoint and its result as documents, its direction among the directions.</summary>
/// <param name="runs">Headers, definitions, statuses.</param>
/// <param name="documents">Checkpoints and results.</param>
/// <param name="directions">Directions found.</param>
/// <param name="folder">Folder of studies whose place nobody chose.</param>
public sealed class StudyLibrary(IRunStore runs, IDocumentStore documents, IDirectionStore directions, string folder)
{
    /// <summary>Kind of the runs.</summary>
    public const string Kind = "study";

    /// <summary>Collection of the results.</summary>
    public const string Results = "study-results";

    /// <summary>Collection of the checkpoints.</summary>
    public const string Checkpoints = "study-checkpoints";

    /// <summary>The folder of a study whose place nobody chose.</summary>
    public string FolderOf(string id) => Path.Combine(folder, id);

    /// <summary>All studies, newest first.</summary>
    public ImmutableArray<StudyEntry> List() =>
        [.. runs.List(new RunQuery { Kind = Kind, Take = 1000 }).Items.Select(header => Find(header.Id)).OfType<StudyEntry>()];

    /// <summary>A study, or null.</summary>
    public StudyEntry? Find(string id)
    {
        if (!runs.TryGet(id, out StoredRun? run) || run.Header.Kind != Kind)
            return null;
        Payload payload = JsonSerializer.Deserialize<Payload>(run.Payload, StudyJson.Options)!;
        return new StudyEntry
        {
            Id = id,
            Study = payload.Study,
            Folder = payload.Folder,
            CreatedAt = run.Header.CreatedAt,
            Reason = run.Header.Reason,
            Status = run.Header.Status switch
            {
                RunStatus.Running => StudyStatus.Running,
                RunStatus.Finished => StudyStatus.Finished,
                RunStatus.Failed => StudyStatus.Failed,
                _ => StudyStatus.Stopped,
            },
        };
    }

    /// <summary>Writes where a study stands.</summary>
    public Task SaveAsync(StudyEntry entry) => runs.SaveAsync(
        new RunHeader
        {
            Id = entry.Id,
            Kind = Kind,
            Model = entry.Study.Model,
            Title = entry.Study.Name,
            CreatedAt = entry.CreatedAt,
            Reason = entry.Reason,
            Status = entry.Status switch
            {
                StudyStatus.Running => RunStatus.Running,
                StudyStatus.Finished => RunStatus.Finished,
                StudyStatus.Failed => RunStatus.Failed,
                _ => RunStatus.Interrupted,
            },
        },
        JsonSerializer.Serialize(new Payload(entry.Study, entry.Folder), StudyJson.Options));

    /// <summary>Notes how far a study is.</summary>
    public Task CheckpointAsync(string id, StudyProgress progress) => documents.PutAsync(Checkpoints, id, JsonSerializer.Serialize(progress, StudyJson.Options));

    /// <summary>How far a study was when it was last noted, or null.</summary>
    public StudyProgress? Checkpoint(string id) =>
        documents.TryGet(Checkpoints, id, out string? json) ? JsonSerializer.Deserialize<StudyProgress>(json, StudyJson.Options) : null;

    /// <summary>Keeps a finished study's result and its direction, which experiments may then use.</summary>
    public async Task KeepAsync(string id, StudyResult result, DateTimeOffset now)
    {
        await documents.PutAsync(Results, id, JsonSerializer.Serialize(result, StudyJson.Options)).ConfigureAwait(false);
        if (result.Direction is not { } found)
            return;
        RefusalDirection direction = found.ToDirection();
        await directions.SaveAsync(new StoredDirection
        {
            Id = direction.Id,
            Model = result.Study.Model,
            Hook = direction.HookName,
            Position = direction.Position,
            CreatedAt = now,
            Vector = direction.Vector,
            Metadata = JsonSerializer.Serialize(new { study = id, direction.Source, found.Prompts }, StudyJson.Options),
        }).ConfigureAwait(false);
    }

    /// <summary>A finished study's result, or null.</summary>
    public StudyResult? Result(string id) =>
        documents.TryGet(Results, id, out string? json) ? JsonSerializer.Deserialize<StudyResult>(json, StudyJson.Options) : null;

    /// <summary>Takes a study out of the list; its folder stays.</summary>
    public async Task<bool> ForgetAsync(string id)
    {
        await documents.DeleteAsync(Results, id).ConfigureAwait(false);
        await documents.DeleteAsync(Checkpoints, id).ConfigureAwait(false);
        return await runs.DeleteAsync(id).ConfigureAwait(false);
    }

    private sealed record Payload(StudyDefinition Study, string Folder);
}
