using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Annotations;

public sealed class AnnotationBookTests : IDisposable
{
    private static readonly FeatureColumns Columns = new([new LayerColumns(8, 50, "sae8"), new LayerColumns(10, 50, "sae10")]);
    private readonly TemporaryFolder _folder = new();
    private readonly LiteStore _store;
    private readonly LiteAnnotationStore _annotations;
    private readonly AnnotationBook _book;
    private readonly Clock _clock = new();

    public AnnotationBookTests()
    {
        _store = LiteStore.Open(new StoreOptions { Folder = _folder.File("store") }, TimeProvider.System);
        _annotations = new LiteAnnotationStore(_store);
        _book = new AnnotationBook(_annotations, _clock);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static FeatureId[] Three { get; } = [new(8, 1), new(8, 2), new(10, 3)];

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Save_OfManyFeatures_IsOneStepToUndo()
    {
        await SaveAsync([Three[0]], "Ada", new AnnotationDraft(["Legal"], "first", 0.5));
        await SaveAsync(Three, "Ada", new AnnotationDraft(["None"]));
        Assert.Equal(3, Table.Count);
        Assert.Equal("first", Table.Of(Three[0], "Ada")!.Notes);

        UndoneStep? undone = await _book.UndoAsync("demo", "Ada", Ct);

        Assert.Equal(Three, undone!.Features);
        Assert.Equal(["Legal"], Table.Of(Three[0], "Ada")!.Labels);
        Assert.Equal(1, Table.Count);
        Assert.Equal([false, true], _book.History(Table.Of(Three[0], "Ada")!.Key).Select(r => r.UndoneAt is not null));
    }

    [Fact]
    public async Task Undo_WalksBackOneAnnotatorsSteps_AndLeavesTheOthersAlone()
    {
        await SaveAsync([Three[0]], "Ada", new AnnotationDraft(["Legal"]));
        await SaveAsync([Three[1]], "Ada", new AnnotationDraft(["Legal"]));
        await SaveAsync([Three[1]], "Bob", new AnnotationDraft(["Misc."]));

        await _book.UndoAsync("demo", "Ada", Ct);
        Assert.Equal(["Bob"], Table.Of(Three[1]).Select(a => a.Key.Annotator));
        await _book.UndoAsync("demo", "Ada", Ct);
        Assert.Empty(Table.Of(Three[0]));
        Assert.Null(await _book.UndoAsync("demo", "Ada", Ct));
        Assert.Equal(["Bob"], Table.Annotators);
    }

    [Fact]
    public async Task Table_FindsFeaturesByLabelAndAnnotator_OfTheSaeThatRuns()
    {
        await SaveAsync([Three[0], Three[2]], "Ada", new AnnotationDraft(["Legal", "Morality"]));
        await SaveAsync([Three[0]], "Bob", new AnnotationDraft(["Misc."]));
        await SaveAsync([Three[1]], "Bob", new AnnotationDraft([], "only a note"));
        await SaveAsync([Three[2]], "Bob", new AnnotationDraft([]));

        Assert.Equal([Three[0], Three[2]], Table.Features("Ada", "Morality").Order());
        Assert.Equal([Three[0], Three[1]], Table.Features("Bob", null).Order());
        Assert.Empty(Table.Features("Bob", "Morality"));
        Assert.Equal(["Legal", "Misc.", "Morality"], Table.Labels);

        var other = new FeatureColumns([new LayerColumns(8, 50, "another"), new LayerColumns(10, 50, "sae10")]);
        AnnotationTable elsewhere = _book.Of("demo", other);
        Assert.Equal([Three[2]], elsewhere.Features(null, null));
        Assert.Equal(3, elsewhere.OfOtherSaes);
    }

    [Fact]
    public async Task Save_WithoutAName_OrOfAFeatureThatIsNotThere_SaysWhatToDo()
    {
        Assert.Contains("fill in your name", (await Assert.ThrowsAsync<PipelineException>(() => SaveAsync([Three[0]], "  ", new AnnotationDraft([])))).Message, StringComparison.Ordinal);
        Assert.Contains("L9-1", (await Assert.ThrowsAsync<PipelineException>(() => SaveAsync([new FeatureId(9, 1)], "Ada", new AnnotationDraft([])))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_KeepsAnnotatorsAndTimes_AndTwiceChangesNothing()
    {
        await SaveAsync([Three[0]], "Ada", new AnnotationDraft(["Legal"]));
        DateTimeOffset early = DateTimeOffset.UnixEpoch;
        AnnotationRevision[] others =
        [
            Revision(Three[0], "Ada", early, "Misc."), Revision(Three[0], "Cy", early.AddSeconds(2), "Morality"), Revision(Three[0], "Cy", early.AddSeconds(1), "Legal"),
        ];
        var import = new AnnotationImport(_annotations);

        AnnotationImportReport first = await import.SaveAsync(others, ["line 9: …"], Ct), second = await import.SaveAsync(others, [], Ct);

        Assert.Equal((2, 0, 1), (first.Added, first.Known, first.Older));
        Assert.Equal(["line 9: …"], first.Faults);
        Assert.Equal((0, 2, 1), (second.Added, second.Known, second.Older));
        Assert.Equal(["Legal"], Table.Of(Three[0], "Ada")!.Labels);
        Assert.Equal(["Morality"], Table.Of(Three[0], "Cy")!.Labels);
        Assert.Equal(early.AddSeconds(2), Table.Of(Three[0], "Cy")!.At);
    }

    private AnnotationTable Table => _book.Of("demo", Columns);

    private Task SaveAsync(FeatureId[] features, string annotator, AnnotationDraft draft) =>
        _book.SaveAsync("demo", Columns, features, annotator, draft, Ct);

    private static AnnotationRevision Revision(FeatureId feature, string annotator, DateTimeOffset at, params string[] labels) => new(0, new Annotation
    {
        Key = new AnnotationKey("demo", "sae" + feature.Layer, feature, annotator),
        Labels = [.. labels],
        At = at,
    }, null);

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now = _now.AddSeconds(1);
    }
}
