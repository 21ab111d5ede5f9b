// Writes to a store until it is killed, or imports a file (args: FOLDER import FILE); prints what the store has acknowledged.
using RefusalExplorer.Data.CrashWriter;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Ports;

(string folder, string round) = (args[0], args[1]);
if (args is [_, "import", var file])
{
    using var explanations = new SqliteExplanationStore(new StoreOptions { Folder = folder });
    await new ExplanationImporter(explanations, TimeProvider.System).ImportAsync([file], progress: new Rows());
    return;
}
using LiteStore store = LiteStore.Open(new StoreOptions { Folder = folder, BackupInterval = TimeSpan.Zero });
foreach (string notice in store.Notices)
    Console.WriteLine($"notice {notice}");
LiteRunStore runs = await LiteRunStore.OpenAsync(store);

await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
{
    for (int i = 0; ; i++)
    {
        string id = $"{round}-{writer}-{i}";
        await runs.SaveAsync(
            new RunHeader { Id = id, Kind = "crash", Model = "none", Title = id, CreatedAt = DateTimeOffset.UtcNow },
            CrashPayload.For(id));
        Console.WriteLine($"ack {id}");
    }
}));

/// <summary>Prints the rows that are on disk.</summary>
internal sealed class Rows : IProgress<ImportProgress>
{
    public void Report(ImportProgress value) => Console.WriteLine($"rows {value.Rows}");
}
