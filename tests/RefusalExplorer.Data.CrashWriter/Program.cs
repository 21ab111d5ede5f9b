// Writes to a store until it is killed; prints the id of each write that the store has acknowledged.
using RefusalExplorer.Data.CrashWriter;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Ports;

(string folder, string round) = (args[0], args[1]);
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
