using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Tests.Dashboards;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

public sealed class MakerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("human-study-").FullName;
    private readonly EngineHost _engine = new(new EngineOptions());
    private readonly HumanStudyService _service = new(new MemoryDocumentStore(), TimeProvider.System);
    private readonly DashboardLibrary _library;

    public MakerTests() => _library = new DashboardLibrary(Path.Combine(_folder, "dashboards"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        DashboardSettings settings = new() { ContextTokens = 12, TokensPerBatch = 40, Examples = 4, TokensBefore = 3, TokensAfter = 2 };
        ModelSpec spec = TinyModel.Write(Path.Combine(_folder, "tiny"));
        ImmutableArray<ImmutableArray<int>> texts = TinyModel.Corpus(60);
        DashboardPlan plan = await _engine.RunAsync("plan", (s, _) => DashboardPlan.Create(
            s.Model(spec), new DashboardRequest { Model = "tiny", Settings = settings }, "corpus.jsonl", "c0ffee",
            new TokenizedCorpus(texts, [.. texts.Select(_ => false)], settings)), cancellation: Ct);
        await new DashboardRunner(_engine, new ModelCatalog([]), _library, TimeProvider.System).RunAsync(plan, null, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _library.Dispose();
        _service.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Study_IsMadeOfATaxonomyRunAndDashboards()
    {
        HumanStudySettings settings = new() { PerGroup = 2, Random = 1, RandomSilent = 0, Examples = 3, CatchTrials = 2, Repeats = 1 };
        int[] firing = [.. _library.TryOpen("tiny", 2)!.Counts.Index().Where(c => c.Item > 20).Select(c => c.Index).Take(4)];

        HumanStudy study = await Maker(firing).CreateAsync("r1", " A study ", settings, Ct);

        Assert.Equal(("A study", "tiny", "r1"), (study.Title, study.Model, study.LabelsFrom));
        StudyItem[] features = [.. study.Items.Where(i => i.Kind == ItemKind.Feature)];
        Assert.Equal(firing.Order(), features.Select(f => f.Feature!.Value.Index).Order());
        foreach (StudyItem item in features)
        {
            FeatureDashboard dashboard = _library.TryOpen("tiny", 2)!.Read(item.Feature!.Value.Index);
            Assert.Equal(dashboard.Examples.Take(3).Select(e => e.Peak), item.Examples.Select(e => e.Tokens.Index().Single(t => t.Item.Mark == TokenMark.Strongest).Index));
        }
        Assert.True(_service.TryGet(study.Id, out _));
    }

    [Fact]
    public void RunThatIsNotThere_OrTitleThatIsNone_IsRefused()
    {
        Assert.Contains("no finished run", Assert.Throws<PipelineException>(() => Maker([1]).Draft("r2", "x", new())).Message, StringComparison.Ordinal);
        Assert.Contains("title", Assert.Throws<PipelineException>(() => Maker([1]).Draft("r1", " ", new())).Message, StringComparison.Ordinal);
    }

    private HumanStudyMaker Maker(int[] features) => new(new OneRun(Taxonomy(features)), _library, new ModelCatalog([]), _service, TimeProvider.System);

    private static AnalysisResult Taxonomy(int[] features)
    {
        TableColumn[] columns = [new("feature", ColumnKind.Feature), new("labels", ColumnKind.Text), new("fraud, share", ColumnKind.Share), new("drugs, share", ColumnKind.Share)];
        string[] labels = ["fraud", "fraud; drugs", "drugs", "fraud"];
        IEnumerable<Cell>[] rows = [.. features.Select((f, i) => (IEnumerable<Cell>)[$"L2-{f}", labels[i], 1, 1])];
        return new AnalysisResult
        {
            RunId = "r1",
            Analysis = "taxonomy",
            Request = new AnalysisRequest
            {
                Model = "tiny",
                Harmful = new PromptSelection { Items = [.. Enumerable.Range(0, 4).Select(i => new AnalysisPrompt { Instruction = $"prompt {i}", Category = "drugs" })] },
            },
            Output = new AnalysisOutput
            {
                Tables = [AnalysisTable.Of("features", "f", columns, rows.Take(3)), AnalysisTable.Of("random", "r", columns, rows.Skip(3))],
            },
            Record = new RunRecord { AppVersion = "1", StartedAt = DateTimeOffset.UnixEpoch, Model = "tiny", WeightsFingerprint = "w", Device = "cpu", Dtype = "float32" },
        };
    }

    private sealed class OneRun(AnalysisResult result) : IRunStore
    {
        private readonly StoredRun _run = new(
            new RunHeader { Id = "r1", Kind = TaxonomyPool.RunKind, Model = "tiny", Title = "Taxonomy", CreatedAt = DateTimeOffset.UnixEpoch },
            JsonSerializer.Serialize(result, AnalysisJson.Compact));

        public bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run) => (run = id == _run.Header.Id ? _run : null) is not null;

        public Page<RunHeader> List(RunQuery query) => new([_run.Header], 1);

        public Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
