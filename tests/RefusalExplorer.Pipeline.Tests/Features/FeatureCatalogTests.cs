using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Tests.Dashboards;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Features;

public sealed class FeatureCatalogTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("features-").FullName;
    private readonly EngineHost _engine = new(new EngineOptions());
    private readonly DashboardLibrary _dashboards;
    private readonly ModelCatalog _models;

    public FeatureCatalogTests()
    {
        TinyModel.Write(Path.Combine(_folder, "tiny"));
        _dashboards = new DashboardLibrary(Path.Combine(_folder, "dashboards"));
        _models = new ModelCatalog([new ConfiguredModel { Name = "tiny", Path = Path.Combine(_folder, "tiny"), Saes = Path.Combine(_folder, "tiny", "sae{l}"), SaeLayers = [0, 2] }]);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Cosines => Path.Combine(_folder, "cosines");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _dashboards.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Index_HoldsCosines_AndDashboardsNumbersOnceThereAreAny()
    {
        FeatureCatalog catalog = Catalog();
        FeatureColumns before = (await catalog.IndexAsync("tiny", "d", cancellation: Ct)).Columns;
        Assert.Equal(2 * TinyModel.Features, before.Count);
        Assert.All(before.Density, d => Assert.True(float.IsNaN(d)));

        float[] expected = await _engine.RunAsync("cosines", (s, _) => s.Model(_models.Resolve("tiny")).Sae(2).DecoderCosines(Direction.AsSpan()), cancellation: Ct);
        Assert.Equal(expected, before.Cosine[TinyModel.Features..]);

        DashboardPlan plan = await _engine.RunAsync("plan", (s, _) => DashboardPlan.Create(
            s.Model(_models.Resolve("tiny")), new DashboardRequest { Model = "tiny" }, "corpus.jsonl", "c0ffee",
            new TokenizedCorpus(TinyModel.Corpus(20), new bool[20], new DashboardSettings())), cancellation: Ct);
        await new DashboardRunner(_engine, _models, _dashboards, TimeProvider.System).RunAsync(plan, null, Ct);

        FeatureColumns after = (await catalog.IndexAsync("tiny", "d", cancellation: Ct)).Columns;
        DashboardFile file = _dashboards.TryOpen("tiny", 2)!;
        Assert.Equal(file.Max, after.Max[TinyModel.Features..]);
        Assert.Equal((float)file.Density(3), after.Density[after.Row(new FeatureId(2, 3))]);
        Assert.Same(after, (await catalog.IndexAsync("tiny", "d", cancellation: Ct)).Columns);
    }

    [Fact]
    public async Task Cosines_AreReadFromDisk_AndMadeAnewWhereTheFileIsBroken()
    {
        float[] first = (await Catalog().IndexAsync("tiny", "d", cancellation: Ct)).Columns.Cosine;
        string[] files = [.. Directory.GetFiles(Cosines).Order()];
        Assert.Equal(2, files.Length);
        DateTime written = File.GetLastWriteTimeUtc(files[0]);
        byte[] cut = File.ReadAllBytes(files[1])[..^7];
        File.WriteAllBytes(files[1], cut);

        float[] again = (await Catalog().IndexAsync("tiny", "d", cancellation: Ct)).Columns.Cosine;

        Assert.Equal(first, again);
        Assert.Equal(written, File.GetLastWriteTimeUtc(files[0]));
        Assert.Equal(cut.Length + 7, new FileInfo(files[1]).Length);
    }

    [Fact]
    public async Task Index_OfADirectionThatIsNotThere_SaysSoAndMayBeAskedAgain()
    {
        FeatureCatalog catalog = Catalog();

        EngineException refused = await Assert.ThrowsAnyAsync<EngineException>(() => catalog.IndexAsync("tiny", "nowhere", cancellation: Ct));

        Assert.Contains("'nowhere'", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2 * TinyModel.Features, (await catalog.IndexAsync("tiny", "d", cancellation: Ct)).Columns.Count);
    }

    private static float[] Direction { get; } = [1, -2, 3, 0, 1, 0.5f, -1, 2];

    private FeatureCatalog Catalog() => new(_engine, _models, new DefaultDirections(new OneDirection()), _dashboards, new FeatureCosines(Cosines));

    private sealed class OneDirection : IDirectionStore
    {
        public Task SaveAsync(StoredDirection direction, CancellationToken cancellation = default) => throw new NotSupportedException();

        public bool TryGet(string id, [NotNullWhen(true)] out StoredDirection? direction)
        {
            direction = id == "d"
                ? new StoredDirection { Id = id, Model = "tiny", Hook = "blocks.1.hook_resid_post", CreatedAt = DateTimeOffset.UnixEpoch, Vector = [.. Direction] }
                : null;
            return direction is not null;
        }

        public ImmutableArray<StoredDirection> List(string? model = null) => [];

        public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
