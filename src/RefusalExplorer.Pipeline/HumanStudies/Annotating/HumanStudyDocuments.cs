using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Where human studies lie in the store: a document a study, one for who takes part, one an annotator.</summary>
internal sealed class HumanStudyDocuments(IDocumentStore store)
{
    private const string Studies = "human-studies";
    private const string Rosters = "human-study-rosters";
    private const string Sheets = "human-study-answers";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public ImmutableArray<string> Ids => store.Keys(Studies);

    public bool TryGet(string id, [NotNullWhen(true)] out HumanStudy? study) => (study = Read<HumanStudy>(Studies, id)) is not null;

    public HumanStudyRoster Roster(string id) => Read<HumanStudyRoster>(Rosters, id) ?? new HumanStudyRoster();

    public AnswerSheet Sheet(string id, int annotator) => Read<AnswerSheet>(Sheets, SheetKey(id, annotator)) ?? AnswerSheet.Empty;

    public Task SaveAsync(HumanStudy study, CancellationToken cancellation) => WriteAsync(Studies, study.Id, study, cancellation);

    public Task SaveAsync(string id, HumanStudyRoster roster, CancellationToken cancellation) => WriteAsync(Rosters, id, roster, cancellation);

    public Task SaveAsync(string id, int annotator, AnswerSheet sheet, CancellationToken cancellation) =>
        WriteAsync(Sheets, SheetKey(id, annotator), sheet, cancellation);

    /// <summary>The study last: were the process to end in between, what is left could still be deleted again.</summary>
    public async Task DeleteAsync(string id, HumanStudyRoster roster, CancellationToken cancellation)
    {
        foreach (Annotator annotator in roster.Annotators)
            await store.DeleteAsync(Sheets, SheetKey(id, annotator.Number), cancellation).ConfigureAwait(false);
        await store.DeleteAsync(Rosters, id, cancellation).ConfigureAwait(false);
        await store.DeleteAsync(Studies, id, cancellation).ConfigureAwait(false);
    }

    private static string SheetKey(string id, int annotator) => string.Create(CultureInfo.InvariantCulture, $"{id}/{annotator}");

    private T? Read<T>(string collection, string key)
        where T : class => store.TryGet(collection, key, out string? json) ? JsonSerializer.Deserialize<T>(json, Json) : null;

    private Task WriteAsync<T>(string collection, string key, T value, CancellationToken cancellation) =>
        store.PutAsync(collection, key, JsonSerializer.Serialize(value, Json), cancellation);
}
