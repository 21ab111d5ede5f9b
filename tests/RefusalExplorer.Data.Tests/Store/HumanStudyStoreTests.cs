using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Data.Tests.Store;

public sealed class HumanStudyStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Answers_AreInTheFileOnceTheyAreAcknowledged()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        HumanStudy study = new()
        {
            Id = "s1",
            Title = "Größe ✓",
            Model = "demo",
            LabelsFrom = "run",
            CreatedAt = DateTimeOffset.UnixEpoch,
            Settings = new HumanStudySettings { LeastShare = 0.25 },
            Labels = ["a", "b"],
            Items = [.. Enumerable.Range(1, 3).Select(i => new StudyItem
            {
                Id = $"c{i}",
                Kind = ItemKind.Feature,
                Feature = new(2, i),
                Group = "1 category",
                Labels = ["a"],
                Examples = [new BlindExample([new BlindToken(" x\n", TokenMark.Strongest)], true, false, true)],
            })],
        };
        string token;
        using (LiteStore store = Open())
        using (HumanStudyService service = new(new LiteDocumentStore(store), TimeProvider.System))
        {
            await service.CreateAsync(study, stop);
            token = (await service.InviteAsync("s1", "Ada", stop)).Token;
            service.TryView(token, out AnnotatorView? view);
            await service.AnswerAsync(token, view!.Card!.Item, ["b", "a"], cancellation: stop);
            view = await service.AnswerAsync(token, service.TryView(token, out AnnotatorView? second) ? second.Card!.Item : "", [], cancellation: stop);
            Assert.Equal(2, view!.Answered);
        }

        using LiteStore reopened = Open();
        using HumanStudyService again = new(new LiteDocumentStore(reopened), TimeProvider.System);
        Assert.True(again.TryGet("s1", out HumanStudyState? state));
        Assert.Equal(["a,b", ""], state.Sheet(1).Answers().Select(a => string.Join(',', a.Labels)));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(study), System.Text.Json.JsonSerializer.Serialize(state.Study));
        Assert.True(again.TryView(token, out AnnotatorView? resumed));
        Assert.Equal((2, 3), (resumed.Answered, resumed.Total));
    }

    private LiteStore Open() => LiteStore.Open(new StoreOptions { Folder = _folder.Path, BackupInterval = TimeSpan.Zero });
}
