using System.Diagnostics;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Explanations;

public sealed class ExplanationImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteExplanationStore _store;
    private readonly ExplanationImporter _importer;

    public ExplanationImportTests()
    {
        _store = new SqliteExplanationStore(new StoreOptions { Folder = _folder.File("store") });
        _importer = new ExplanationImporter(_store, TimeProvider.System);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Folder_OfGzippedBatchesInTextOrder_IsImportedWhole_AndPassedOverTheSecondTime()
    {
        int[] order = [.. BulkFiles.AsTextOrder(3000)];
        Assert.Equal([0, 1, 10, 100, 1000], order.Take(5));
        foreach ((int[] batch, int i) in order.Chunk(1024).Select((b, i) => (b, i)))
            BulkFiles.Write(_folder.File($"bulk/explanations/batch-{i}.jsonl.gz"), batch.Select(n => BulkFiles.Row(n, BulkFiles.TextOf(n))));

        ImportReport first = await _importer.ImportAsync([_folder.File("bulk")], cancellation: Token);
        Assert.Equal((3, 0, 3000L, 0L), (first.Files, first.Skipped, first.Rows, first.Broken));
        Assert.Equal(BulkFiles.TextOf(1000), Assert.Single(_store.ForFeature("gemma-2-2b", "16-gemmascope-res-65k", 1000)).Text);
        Assert.Equal(3000, Assert.Single(_store.Sources()).Count);

        ImportReport second = await _importer.ImportAsync([_folder.File("bulk/explanations/batch-*.jsonl.gz")], cancellation: Token);
        Assert.Equal((3, 3, 0L), (second.Files, second.Skipped, second.Rows));
        ImportReport again = await _importer.ImportAsync([_folder.File("bulk")], again: true, cancellation: Token);
        Assert.Equal((0, 3000L, 3000L), (again.Skipped, again.Rows, _store.Search(new ExplanationQuery()).Total));
    }

    [Fact]
    public async Task BrokenLines_AreNamedByFileAndLine_AndTheRestIsImported()
    {
        string file = BulkFiles.Write(_folder.File("a.jsonl"),
        [
            BulkFiles.Row(1, "one"), "{\"modelId\":", "[1]", "", BulkFiles.Row(2, " "), BulkFiles.Row(3, "x", layer: "res-jb"),
            BulkFiles.Row(4, "x").Replace("\"4\"", "\"-4\"", StringComparison.Ordinal), BulkFiles.Row(5, "lone \\ud83d surrogate"),
            BulkFiles.Row(6, "number").Replace("\"6\"", "6", StringComparison.Ordinal), BulkFiles.Row(7, "tail") + " x",
            "{\"layer\":\"1-x\",\"index\":\"1\",\"description\":\"no model\"}", BulkFiles.Row(8, new string('y', 21_000)), "{\"modelId\":{\"a\":[1,2]},\"x\":1}",
        ]);

        ImportReport report = await _importer.ImportAsync([file], cancellation: Token);

        Assert.Equal([1, 5, 6], _store.Search(new ExplanationQuery { Order = ExplanationOrder.Feature }).Items.Select(e => e.Feature.Index));
        Assert.Equal([2L, 3, 5, 6, 7, 10, 11, 12, 13], report.Faults.Select(f => f.Line));
        Assert.Equal(9, report.Broken);
        Assert.Contains("begin with its number", report.Faults[3].Problem, StringComparison.Ordinal);
        Assert.Contains("\"-4\"", report.Faults[4].Problem, StringComparison.Ordinal);
        Assert.All(report.Faults, f => Assert.StartsWith($"{file}, line ", f.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task FileCutShort_KeepsWhatCame_AndGoesOnWhenItIsWhole()
    {
        string whole = BulkFiles.Write(_folder.File("whole.jsonl.gz"), Enumerable.Range(0, 20_000).Select(i => BulkFiles.Row(i, BulkFiles.TextOf(i))));
        byte[] bytes = await File.ReadAllBytesAsync(whole, Token);
        string cut = _folder.File("cut.jsonl.gz");
        await File.WriteAllBytesAsync(cut, bytes[..(bytes.Length / 2)], Token);
        await File.WriteAllTextAsync(_folder.File("odd.jsonl.gz"), "not gzip at all", Token);

        ImportReport report = await _importer.ImportAsync([cut, _folder.File("odd.jsonl.gz")], cancellation: Token);
        Assert.Equal(2, report.Unfinished);
        Assert.Contains("cannot be read to its end", report.Faults[0].ToString(), StringComparison.Ordinal);
        Assert.InRange(_store.Search(new ExplanationQuery()).Total, 5000, 10_000);

        File.Copy(whole, cut, overwrite: true);
        report = await _importer.ImportAsync([cut], cancellation: Token);
        Assert.Equal((0, 20_000L), (report.Unfinished, _store.Search(new ExplanationQuery()).Total));
    }

    [Fact]
    public async Task Cancelled_GoesOnAfterTheLastLineOnDisk()
    {
        string file = BulkFiles.Write(_folder.File("many.jsonl"), Enumerable.Range(0, 18_000).Select(i => BulkFiles.Row(i, BulkFiles.TextOf(i))));
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _importer.ImportAsync([file], progress: new Progress(p => { if (p.Rows == 10_000) cancel.Cancel(); }), cancellation: cancel.Token));
        Assert.Equal(10_000, _store.Search(new ExplanationQuery()).Total);

        ImportReport rest = await _importer.ImportAsync([file], cancellation: Token);
        Assert.Equal((8000L, 18_000L), (rest.Rows, _store.Search(new ExplanationQuery()).Total));
    }

    [Theory]
    [InlineData("nothing.jsonl")]
    [InlineData("none*.jsonl")]
    [InlineData("empty")]
    public async Task NothingThere_IsOneClearLine(string name)
    {
        Directory.CreateDirectory(_folder.File("empty"));
        EngineException e = await Assert.ThrowsAnyAsync<EngineException>(() => _importer.ImportAsync([_folder.File(name)], cancellation: Token));
        Assert.Contains($"{name}: no such file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_AtAnyMoment_LosesNothingAcknowledged_AndAnotherImportFinishes()
    {
        string file = BulkFiles.Write(_folder.File("many.jsonl.gz"), Enumerable.Range(0, 120_000).Select(i => BulkFiles.Row(i, BulkFiles.TextOf(i))));
        var random = new Random(3);
        long total = 0;
        for (int kill = 0; kill < 8; kill++)
        {
            long acknowledged = await ImportUntilKilledAsync(file, random.Next(400));
            using var store = new SqliteExplanationStore(new StoreOptions { Folder = _folder.File("store") });
            long found = store.Search(new ExplanationQuery()).Total;
            Assert.True(found >= total + acknowledged, $"{found} rows after {total} and {acknowledged} more were acknowledged");
            // The words' index is in step with the rows: each row has its own word.
            if (found > 0)
                Assert.Equal(1, store.Search(new ExplanationQuery { Text = $"f{found - 1}" }).Total);
            total = found;
        }
        await _importer.ImportAsync([file], cancellation: Token);
        Assert.Equal(120_000, _store.Search(new ExplanationQuery { Text = "f*" }).Total);
    }

    [Fact]
    public async Task TwoHundredThousandRows_AreImportedAndSearched_SpeedReported()
    {
        foreach ((int[] batch, int i) in BulkFiles.AsTextOrder(200_000).Chunk(50_000).Select((b, i) => (b, i)))
            BulkFiles.Write(_folder.File($"bulk/batch-{i}.jsonl.gz"), batch.Select(n => BulkFiles.Row(n, BulkFiles.TextOf(n))));
        ImportReport report = await _importer.ImportAsync([_folder.File("bulk")], cancellation: Token);
        Assert.Equal(200_000, report.Rows);

        ITestOutputHelper output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"imported 200,000 rows in {report.Seconds:0.0} s ({report.Rows / report.Seconds:N0} a second), {new FileInfo(_folder.File("store/explanations.sqlite")).Length / 1e6:0.0} MB");
        foreach (string text in (string[])["f123456", "refusal python", "\"harmful requests\"", "ref*", "the"])
        {
            var clock = Stopwatch.StartNew();
            Page<Explanation> page = _store.Search(new ExplanationQuery { Text = text });
            output.WriteLine($"{text}: {page.Total} hits in {clock.Elapsed.TotalMilliseconds:0.0} ms");
            Assert.NotEmpty(page.Items);
        }
        var all = Stopwatch.StartNew();
        Assert.Equal(50, _store.Search(new ExplanationQuery { Order = ExplanationOrder.Feature, Skip = 1000 }).Items.Length);
        output.WriteLine($"all, by feature: {all.Elapsed.TotalMilliseconds:0.0} ms");
    }

    private async Task<long> ImportUntilKilledAsync(string file, int milliseconds)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "RefusalExplorer.Data.CrashWriter.dll"), _folder.File("store"), "import", file },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process writer = Process.Start(start)!;
        long rows = 0;
        await writer.StandardOutput.ReadLineAsync(Token);
        await Task.Delay(milliseconds, Token);
        writer.Kill();
        while (await writer.StandardOutput.ReadLineAsync(Token) is { } line)
            rows = long.Parse(line["rows ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        await writer.WaitForExitAsync(Token);
        return rows;
    }

    private sealed class Progress(Action<ImportProgress> then) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => then(value);
    }
}
