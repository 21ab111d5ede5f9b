using System.Diagnostics;
using RefusalExplorer.Data.CrashWriter;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Store;

public sealed class StoreCrashTests : IDisposable
{
    private const int Kills = 100;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Kill_AtAnyMomentOfAHundred_LosesNothingAcknowledgedAndTheFileOpens()
    {
        var random = new Random(20240611);
        var acknowledged = new HashSet<string>();
        for (int round = 0; round < Kills; round++)
        {
            List<string> fresh = await WriteUntilKilledAsync(round, random);
            acknowledged.UnionWith(fresh);

            using LiteStore store = LiteStore.Open(new StoreOptions { Folder = _folder.Path, BackupInterval = TimeSpan.Zero });
            Assert.Empty(store.Notices);
            LiteRunStore runs = await LiteRunStore.OpenAsync(store, TestContext.Current.CancellationToken);
            foreach (string id in fresh)
                AssertWhole(runs, id);
            // What an earlier round acknowledged must have outlived the later kills too.
            foreach (string id in round == Kills - 1 ? acknowledged : acknowledged.Where(_ => random.Next(200) == 0))
                AssertWhole(runs, id);
        }

        Assert.True(acknowledged.Count > Kills, $"only {acknowledged.Count} writes were acknowledged in {Kills} rounds");
        TestContext.Current.TestOutputHelper!.WriteLine($"{acknowledged.Count} acknowledged writes, {Kills} kills, none lost");
    }

    private static void AssertWhole(LiteRunStore runs, string id)
    {
        Assert.True(runs.TryGet(id, out StoredRun? run), $"acknowledged run {id} is gone");
        Assert.Equal(CrashPayload.For(id), run.Payload);
    }

    private async Task<List<string>> WriteUntilKilledAsync(int round, Random random)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "RefusalExplorer.Data.CrashWriter.dll"), _folder.Path, $"{round}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process writer = Process.Start(start)!;
        Task<string> errors = writer.StandardError.ReadToEndAsync();
        var acknowledged = new List<string>();

        // One round in five is killed while the store opens, the others among writes.
        if (round % 5 != 0 && await writer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } first)
            acknowledged.Add(IdOf(first));
        await Task.Delay(random.Next(round % 5 == 0 ? 300 : 80), TestContext.Current.CancellationToken);
        writer.Kill();

        while (await writer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            acknowledged.Add(IdOf(line));
        await writer.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", await errors);
        return acknowledged;
    }

    private static string IdOf(string line)
    {
        // A notice here would mean that the store had to fall back to a backup.
        Assert.StartsWith("ack ", line, StringComparison.Ordinal);
        return line["ack ".Length..];
    }
}
