using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

public sealed class SnapshotFilesTests : IDisposable
{
    private const string Blob = "0123456789abcdef0123456789abcdef01234567", Commit = "fedcba9876543210fedcba9876543210fedcba98";
    private static readonly HubFile File = new() { Path = "layer_1/params.npz", Size = 3, Hash = Blob };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Place_ByManyAtOnce_LeavesOneWholeFile(bool links)
    {
        for (int round = 0; round < 100; round++)
        {
            var folder = new RepoFolder(_folder.File($"{round}"), "org/model");
            Directory.CreateDirectory(Path.GetDirectoryName(folder.Blob(Blob))!);
            System.IO.File.WriteAllText(folder.Blob(Blob), "abc");
            using var start = new Barrier(4);

            bool[] linked = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    folder.WriteRef("main", Commit);
                    return SnapshotFiles.Place(folder, Commit, File, links);
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

            Assert.All(linked, l => Assert.Equal(links, l));
            Assert.True(SnapshotFiles.IsPlaced(folder, Commit, File));
            Assert.Equal("abc", System.IO.File.ReadAllText(folder.File(Commit, File.Path)));
            Assert.Single(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(folder.File(Commit, File.Path))!));
            Assert.Equal(Commit, folder.ReadRef("main"));
        }
    }
}
