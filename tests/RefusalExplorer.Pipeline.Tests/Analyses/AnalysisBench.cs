using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.ActivationStatistics;
using RefusalExplorer.Pipeline.Analyses.AttackSuccess;
using RefusalExplorer.Pipeline.Analyses.BenignRefusals;
using RefusalExplorer.Pipeline.Analyses.BosClamp;
using RefusalExplorer.Pipeline.Analyses.CausalLinks;
using RefusalExplorer.Pipeline.Analyses.Controls;
using RefusalExplorer.Pipeline.Analyses.CosineByLayer;
using RefusalExplorer.Pipeline.Analyses.CrossEntropy;
using RefusalExplorer.Pipeline.Analyses.DoseResponse;
using RefusalExplorer.Pipeline.Analyses.JudgeAgreement;
using RefusalExplorer.Pipeline.Analyses.KlCost;
using RefusalExplorer.Pipeline.Analyses.KTokens;
using RefusalExplorer.Pipeline.Analyses.LinearProbe;
using RefusalExplorer.Pipeline.Analyses.Overlap;
using RefusalExplorer.Pipeline.Analyses.Redundancy;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Analyses.Sparsity;
using RefusalExplorer.Pipeline.Analyses.Taxonomy;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>Runs analyses on <see cref="TinyChat"/>, one engine for a test class.</summary>
public sealed class AnalysisBench : IAsyncLifetime
{
    public const string Direction = "d";

    /// <summary>The same vector, read a layer earlier.</summary>
    public const string EarlyDirection = "early";

    private readonly string _folder = Directory.CreateTempSubdirectory("analyses-").FullName;
    private readonly EngineHost _engine = new(new EngineOptions { Threads = 1 });
    private readonly MemoryDirections _directions = new();
    private readonly ModelCatalog _models;

    public AnalysisBench()
    {
        _models = new ModelCatalog([TinyChat.Write(Path.Combine(_folder, "tiny"))]);
        var random = new SeededRandom(11);
        Vector = [.. Enumerable.Range(0, TinyChat.Width).Select(_ => (float)random.NextGaussian())];
        Catalog = new AnalysisCatalog(
        [
            new AttackSuccessAnalysis(), new ControlsAnalysis(), new JudgeAgreementAnalysis(), new CosineByLayerAnalysis(), new RedundancyAnalysis(), new CausalLinksAnalysis(),
            new LinearProbeAnalysis(), new KTokensAnalysis(), new TaxonomyAnalysis(), new ActivationStatisticsAnalysis(), new OverlapAnalysis(), new SparsityAnalysis(),
            new BosClampAnalysis(), new DoseResponseAnalysis(), new KlCostAnalysis(), new CrossEntropyAnalysis(Files), new BenignRefusalsAnalysis(),
        ]);
    }

    internal MemoryDatasets Files { get; } = new();

    internal MemoryRuns Runs { get; } = new();

    /// <summary>The direction of every request, [16].</summary>
    public ImmutableArray<float> Vector { get; }

    public AnalysisCatalog Catalog { get; }

    internal AnalysisRunner Runner => new(
        _engine, _models, Catalog, new DefaultDirections(_directions), _directions, new ResponseJudges([], new HumanVerdicts()), Files, Runs);

    public async ValueTask InitializeAsync()
    {
        foreach ((string id, int layer) in new[] { (Direction, 3), (EarlyDirection, 2) })
        {
            await _directions.SaveAsync(new StoredDirection
            {
                Id = id,
                Model = TinyChat.Name,
                Hook = $"blocks.{layer}.hook_resid_post",
                CreatedAt = DateTimeOffset.UnixEpoch,
                Vector = Vector,
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Harmful and harmless prompts in two categories, and features of both layers.</summary>
    public static AnalysisRequest Request(int harmful = 6, int harmless = 5) => new()
    {
        Model = TinyChat.Name,
        Direction = Direction,
        Features = [.. Features(2, 8).Concat(Features(3, 8)).Order()],
        Harmful = new PromptSelection { Items = [.. Enumerable.Range(0, harmful).Select(i => Prompt($"how to break a {Words[i % Words.Length]} {i}", i % 3 == 0 ? "locks" : "doors"))] },
        Harmless = new PromptSelection { Items = [.. Enumerable.Range(0, harmless).Select(i => Prompt($"bake {Words[i % Words.Length]} bread {i}", "food"))] },
        MaxNewTokens = 6,
        RowsAtOnce = 5,
        Seed = 3,
    };

    /// <summary>Some features of a layer; equal arguments give equal features.</summary>
    public static IEnumerable<FeatureId> Features(int layer, int count, int from = 0) =>
        Enumerable.Range(0, count).Select(i => new FeatureId(layer, (from + (5 * i)) % (TinyChat.Features - 1)));

    public static AnalysisPrompt Prompt(string instruction, string category) => new() { Instruction = instruction, Category = category, DataSet = "made up" };

    public static JsonElement Settings(object settings) => JsonSerializer.SerializeToElement(settings, AnalysisJson.Options);

    public Task<AnalysisResult> RunAsync(string id, AnalysisRequest request) => Runner.RunAsync(
        id, request, Guid.NewGuid().ToString("N"), new Progress<AnalysisProgress>(), TestContext.Current.CancellationToken);

    /// <summary>Work on the model for an oracle.</summary>
    internal Task<T> OnModelAsync<T>(Func<Literal, T> work) =>
        _engine.RunAsync("oracle", (session, _) => work(new Literal(session.Model(_models.Resolve(TinyChat.Name)))), cancellation: TestContext.Current.CancellationToken);

    private static readonly string[] Words = ["lock", "window", "garden", "small wooden door", "zebra"];
}
