using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

public sealed class HubPullTests : HubTest
{
    [Fact]
    public async Task Model_IsLaidOutAsTheHubsOwnToolsDo()
    {
        AddModel();
        HubPull pull = await PullAsync();

        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], pull.Files.Select(f => f.Path).Order(StringComparer.Ordinal));
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(Path.Combine(Root, "refs", "main"), Token));
        Assert.Equal(Snapshot("."), Path.Combine(pull.Folder, "."));
        string weights = Path.Combine(Root, "blobs", Hub.Hash("model.safetensors"));
        Assert.Equal(300_000, new FileInfo(weights).Length);
        Assert.Equal(Path.Combine("..", "..", "blobs", Hub.Hash("model.safetensors")), new FileInfo(Snapshot("model.safetensors")).LinkTarget);
        Assert.Equal("{}", await File.ReadAllTextAsync(Snapshot("config.json"), Token));
        Assert.Equal(pull.Folder, new HubCache(Hub.Options(Cache)).SnapshotOf(FakeHub.Repo));
        Assert.Equal(pull.Size, pull.Fetched);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Root, "blobs"), "*.incomplete"));
    }

    [Fact]
    public async Task SecondPull_FetchesNothing()
    {
        AddModel();
        await PullAsync();
        int asked = Hub.HubSeen.Count, fetched = Hub.StoreSeen.Count;

        HubPull again = await PullAsync();

        Assert.Equal(0, again.Fetched);
        Assert.Equal((asked + 1, fetched), (Hub.HubSeen.Count, Hub.StoreSeen.Count));
    }

    [Fact]
    public async Task Include_TakesTheLayersAskedFor_InFoldersWithOddNames()
    {
        Hub.Add("layer_2/width_65k/average_l0_77/params.npz", 1000);
        Hub.Add("layer_3/width 65k#?/params.npz", 2000);
        Hub.Add("layer_12/width_65k/average_l0_72/params.npz", 3000);

        HubPull pull = await PullAsync(include: ["layer_3/*", "layer_2/width_65k/"]);

        Assert.Equal(3000, pull.Fetched);
        Assert.Equal(2000, (await File.ReadAllBytesAsync(Snapshot("layer_3/width 65k#?/params.npz"), Token)).Length);
        Assert.False(File.Exists(Snapshot("layer_12/width_65k/average_l0_72/params.npz")));
        Assert.Contains(Hub.HubSeen, r => r.Path == $"/org/model/resolve/{FakeHub.Commit}/layer_3/width%2065k%23%3F/params.npz");
    }

    [Fact]
    public async Task NewCommit_KeepsTheLayersThatDidNotChange()
    {
        Hub.Add("layer_1/params.npz", 1000);
        Hub.Add("layer_2/params.npz", 1500);
        await PullAsync(include: ["layer_1/*"]);

        Hub.CommitNow = new string('b', 40);
        await PullAsync(include: ["layer_2/*"]);

        Assert.Equal(1000, (await File.ReadAllBytesAsync(Snapshot("layer_1/params.npz"), Token)).Length);
        Assert.Equal(1, Hub.StoreSeen.Count(r => r.Path.EndsWith("layer_1/params.npz", StringComparison.Ordinal)));
        Assert.EndsWith(Hub.CommitNow, new HubCache(Hub.Options(Cache)).SnapshotOf(FakeHub.Repo), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnfinishedNewCommit_LeavesTheOldSnapshotInUse()
    {
        AddModel();
        HubPull old = await PullAsync();
        Hub.CommitNow = new string('b', 40);
        Hub.Add("model.safetensors", 400_000);
        Hub.StoreFault = async (context, _) =>
        {
            await FakeHub.RefuseAsync(context, 503);
            return true;
        };

        await FailAsync(HubFault.Server);

        Assert.Equal(old.Folder, new HubCache(Hub.Options(Cache)).SnapshotOf(FakeHub.Repo));
    }

    [Fact]
    public async Task Revision_WithASlash_HasARefOfItsOwn()
    {
        AddModel();
        HubPull pull = await PullAsync(new HubRequest { Repo = FakeHub.Repo, Revision = "v1/x" });

        Assert.Contains(Hub.HubSeen, r => r.Path == "/api/models/org/model/revision/v1%2Fx");
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(Path.Combine(Root, "refs", "v1", "x"), Token));
        Assert.Equal(pull.Folder, new HubCache(Hub.Options(Cache)).SnapshotOf(FakeHub.Repo));
    }

    [Fact]
    public async Task WithoutLinks_FilesAreInTheSnapshotItself_AndAreReused()
    {
        AddModel();
        await PullAsync(with: o => o with { Links = false });
        HubPull again = await PullAsync(with: o => o with { Links = false });

        Assert.Null(new FileInfo(Snapshot("model.safetensors")).LinkTarget);
        Assert.Equal(300_000, new FileInfo(Snapshot("model.safetensors")).Length);
        Assert.Equal(0, again.Fetched);
        Assert.Equal(300_000 + 2 + 12 + 40, new HubCache(Hub.Options(Cache)).SizeOf(FakeHub.Repo));
    }

    [Fact]
    public async Task Verify_FetchesAFileThatRotted_AgainAndOnlyThat()
    {
        AddModel();
        await PullAsync();
        string blob = Path.Combine(Root, "blobs", Hub.Hash("model.safetensors"));
        byte[] bytes = await File.ReadAllBytesAsync(blob, Token);
        bytes[1234] ^= 1;
        await File.WriteAllBytesAsync(blob, bytes, Token);

        HubPull plain = await PullAsync();
        HubPull verified = await PullAsync(new HubRequest { Repo = FakeHub.Repo, Verify = true });

        Assert.Equal(0, plain.Fetched);
        Assert.Equal(300_000, verified.Fetched);
        bytes[1234] ^= 1;
        Assert.Equal(bytes, await File.ReadAllBytesAsync(blob, Token));
    }

    [Fact]
    public async Task Plan_FetchesNothing_AndKnowsWhatIsThere()
    {
        AddModel();
        string incomplete = Path.Combine(Root, "blobs", Hub.Hash("model.safetensors") + ".incomplete");
        Directory.CreateDirectory(Path.GetDirectoryName(incomplete)!);
        await File.WriteAllBytesAsync(incomplete, new byte[1000], Token);
        using var downloader = new HubDownloader(Hub.Options(Cache));

        HubPlan plan = await downloader.PlanAsync(new HubRequest { Repo = FakeHub.Repo }, Token);

        Assert.Equal((HubFileState.Partial, 1000L), (plan.Files.Single(f => f.Path == "model.safetensors").State, plan.Files.Single(f => f.Path == "model.safetensors").Cached));
        Assert.Equal(plan.Size - 1000, plan.ToFetch);
        Assert.Empty(Hub.StoreSeen);
    }

    [Fact]
    public async Task Progress_EndsWithEverythingThere()
    {
        AddModel();
        var reports = new Reports<HubProgress>();
        HubPull pull = await PullAsync(progress: reports);

        HubProgress last = reports.All[^1];
        Assert.Equal((3, 3, pull.Size, pull.Size), (last.FilesDone, last.Files, last.Done, last.Total));
        Assert.All(reports.All, r => Assert.InRange(r.Done, 0, r.Total));
    }

    [Fact]
    public async Task Gguf_OneIsTaken_OfSeveralTheNameIsAskedFor()
    {
        Hub.Add("model.Q4_0.gguf", 1000);
        HubPull one = await PullAsync();
        Hub.Add("model.Q8_0.gguf", 2_000_000);
        HubException several = await FailAsync(HubFault.Request);

        Assert.Equal("model.Q4_0.gguf", Assert.Single(one.Files).Path);
        Assert.Equal("org/model: 2 GGUF files; choose one with --include: model.Q4_0.gguf (1 kB), model.Q8_0.gguf (2 MB)", several.Message);
    }

    [Fact]
    public async Task NothingToChoose_IsAskedFor()
    {
        Hub.Add("layer_1/params.npz", 1000);
        Assert.Contains("choose files with --include, it holds layer_1/params.npz", (await FailAsync(HubFault.Request)).Message, StringComparison.Ordinal);
        Assert.Contains("no file matches 'layer_2/*'", (await FailAsync(HubFault.FileNotFound, include: ["layer_2/*"])).Message, StringComparison.Ordinal);
        Hub.Add("pytorch_model.bin", 1000);
        Assert.Contains("found PyTorch pickles alone", (await FailAsync(HubFault.Request)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("a/../../model.safetensors")]
    [InlineData("C:/model.safetensors")]
    public async Task PathOutsideTheSnapshot_IsRefused(string path)
    {
        AddModel();
        Hub.Add(path, 100);
        HubException error = await FailAsync(HubFault.Server, include: "*");
        Assert.Contains($"the file '{path}' without a usable path", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model with blanks")]
    [InlineData("../x")]
    [InlineData("a/b/c")]
    [InlineData("")]
    public async Task BadRepositoryName_IsRefusedBeforeAnythingIsAsked(string repo)
    {
        await Assert.ThrowsAsync<HubException>(() => PullAsync(new HubRequest { Repo = repo }));
        Assert.Empty(Hub.HubSeen);
    }
}
