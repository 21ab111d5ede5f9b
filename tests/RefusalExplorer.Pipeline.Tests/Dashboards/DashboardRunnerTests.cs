using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Dashboards;

public sealed class DashboardRunnerTests : IAsyncLifetime
{
    private static readonly DashboardSettings Settings = new()
    {
        ContextTokens = 12,
        TokensPerBatch = 40,
        Examples = 4,
        TokensBefore = 3,
        TokensAfter = 2,
        Logits = 5,
        Nearest = 6,
        CoFiring = 5,
        HistogramBars = 7,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("dashboards-").FullName;
    private readonly EngineHost _engine = new(new EngineOptions());
    private readonly DashboardLibrary _library;
    private readonly ModelSpec _spec;
    private readonly ImmutableArray<ImmutableArray<int>> _texts = TinyModel.Corpus(60);

    public DashboardRunnerTests()
    {
        _library = new DashboardLibrary(Path.Combine(_folder, "dashboards"));
        _spec = TinyModel.Write(Path.Combine(_folder, "tiny"));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _library.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // No token of the tiny model is a sink, some are above 1.3 times the median.
    [Theory]
    [InlineData(null)]
    [InlineData(20.0)]
    [InlineData(1.3)]
    public async Task Run_OfATinyModel_SaysOfEveryFeatureWhatTheLiteralWaySays(double? sinkRatio)
    {
        DashboardSettings settings = Settings with { SinkRatio = sinkRatio };
        await Runner().RunAsync(await PlanAsync(settings), null, Ct);

        LiteralDashboards literal = await _engine.RunAsync("literal", (s, _) => new LiteralDashboards(s.Model(_spec), _texts, settings), cancellation: Ct);
        Assert.Equal(sinkRatio < 2, _library.TryOpen("tiny", 2)!.Header.Sinks > 10);
        foreach (int layer in new[] { 0, 2 })
        {
            for (int f = 0; f < TinyModel.Features; f++)
            {
                FeatureDashboard expected = await _engine.RunAsync("literal", (_, _) => literal.Of(new FeatureId(layer, f)), cancellation: Ct);
                Same(expected, _library.TryOpen("tiny", layer)!.Read(f));
            }
        }
        Assert.Equal(0, _library.TryOpen("tiny", 0)!.Counts[TinyModel.Features - 1]);
        Assert.Equal([0, 2], _library.Layers("tiny"));
    }

    [Fact]
    public async Task Run_OfATinyModel_NamesTheLogitsOfTheDecoderRow()
    {
        await Runner().RunAsync(await PlanAsync(), null, Ct);

        LogitEnds ends = (await _engine.RunAsync("logits", (s, _) => s.Model(_spec).DecoderLogits(2, [7], 5), cancellation: Ct))[0];
        FeatureDashboard dashboard = _library.TryOpen("tiny", 2)!.Read(7);
        Assert.Equal(ends.Raised.Select(w => w.Id), dashboard.Raised.Select(t => t.Token.Id));
        Assert.Equal(ends.Lowered.Select(w => w.Id), dashboard.Lowered.Select(t => t.Token.Id));
        Assert.All(ends.Raised.Zip(dashboard.Raised), pair => Assert.Equal(pair.First.Value, pair.Second.Logit, 1e-5f));
        Assert.All(ends.Lowered.Zip(dashboard.Lowered), pair => Assert.Equal(pair.First.Value, pair.Second.Logit, 1e-5f));
    }

    [Fact]
    public async Task Run_StoppedAnywhere_GoesOnAndEndsWithTheSameFiles()
    {
        await Runner().RunAsync(await PlanAsync(), null, Ct);
        byte[][] whole = [.. new[] { 0, 2 }.Select(l => Content(_library, l))];

        using var other = new DashboardLibrary(Path.Combine(_folder, "stopped"));
        int stops = 0, resumed = 0;
        for (int pieces = 1; ; pieces++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            int left = pieces % 4 + 1;
            var countdown = new Callback(_ =>
            {
                if (--left == 0)
                    stop.Cancel();
            });
            try
            {
                DashboardReport report = await Runner(other).RunAsync(await PlanAsync(), countdown, stop.Token);
                resumed = report.ResumedAtText;
                break;
            }
            catch (OperationCanceledException)
            {
                stops++;
            }
            Assert.True(pieces < 200, "no progress from run to run");
        }

        Assert.True(stops > 3);
        Assert.Equal(_texts.Length, resumed);
        Assert.Equal(whole[0], Content(other, 0));
        Assert.Equal(whole[1], Content(other, 2));
        Assert.False(Directory.Exists(other.WorkFolder("tiny")));
    }

    [Fact]
    public async Task Run_OfTheSameInputsAgain_LeavesTheFilesAlone_AndOfOthersReplacesThem()
    {
        await Runner().RunAsync(await PlanAsync(), null, Ct);
        string path = _library.PathOf("tiny", 0);
        DateTime written = File.GetLastWriteTimeUtc(path);
        int before = _library.TryOpen("tiny", 0)!.Header.Texts;

        await Runner().RunAsync(await PlanAsync(), null, Ct);
        Assert.Equal(written, File.GetLastWriteTimeUtc(path));

        await Runner().RunAsync(await PlanAsync(Settings with { MaxTokens = 100 }), null, Ct);
        Assert.True(_library.TryOpen("tiny", 0)!.Header.Texts < before);
    }

    [Fact]
    public async Task Open_OfAFileThatWasCutOff_SaysSoAndARunMakesItAnew()
    {
        await Runner().RunAsync(await PlanAsync(), null, Ct);
        string path = _library.PathOf("tiny", 2);
        byte[] bytes = await File.ReadAllBytesAsync(path, Ct);
        File.Delete(path);
        await File.WriteAllBytesAsync(path, bytes[..(bytes.Length / 2)], Ct);
        using var fresh = new DashboardLibrary(_library.Folder);

        Assert.Contains("make them anew", Assert.Throws<PipelineException>(() => fresh.TryOpen("tiny", 2)).Message, StringComparison.Ordinal);

        await Runner(fresh).RunAsync(await PlanAsync(), null, Ct);
        Assert.Equal(TinyModel.Features, fresh.TryOpen("tiny", 2)!.Counts.Count);
    }

    [Fact]
    public async Task Run_WhileAnotherRunsOnTheModel_IsRefused()
    {
        using FileStream held = _library.Hold("tiny");
        PipelineException refused = await Assert.ThrowsAsync<PipelineException>(async () => await Runner().RunAsync(await PlanAsync(), null, Ct));
        Assert.Contains("another pass", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_OutOfRange_NameTheSetting() =>
        Assert.Contains("HistogramBars", Assert.Throws<PipelineException>(() => new DashboardSettings { HistogramBars = 0 }.Validate()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void SinkRatio_BelowOne_IsRefused(double ratio) =>
        Assert.Contains("SinkRatio", Assert.Throws<PipelineException>(() => new DashboardSettings { SinkRatio = ratio }.Validate()).Message, StringComparison.Ordinal);

    [Fact]
    public void Sinks_AreSilenced_AndOthersKept()
    {
        // Twenty tokens of norm 5, one silent, one of norm 101, one of norm 99.
        float[][] rows = [.. Enumerable.Range(0, 20).Select(_ => (float[])[3, 0, 4]), [0, 0, 0], [0, 101, 0], [99, 0, 0]];
        SparseActivations read = new(
            [.. rows.Select((_, i) => rows.Take(i).Sum(r => r.Count(v => v > 0))), rows.Sum(r => r.Count(v => v > 0))],
            [.. rows.SelectMany(r => Enumerable.Range(0, 3).Where(f => r[f] > 0))], [.. rows.SelectMany(r => r.Where(v => v > 0))]);

        (SparseActivations kept, int sinks) = SinkTokens.Silence(read, 20);

        Assert.Equal(1, sinks);
        Assert.Equal(read.Tokens, kept.Tokens);
        Assert.Equal([new FeatureWeight(0, 3), new FeatureWeight(2, 4)], kept.At(19));
        Assert.Empty(kept.At(20));
        Assert.Empty(kept.At(21));
        Assert.Equal([new FeatureWeight(0, 99)], kept.At(22));
    }

    private DashboardRunner Runner(DashboardLibrary? library = null) =>
        new(_engine, new ModelCatalog([]), library ?? _library, new FixedTime());

    private Task<DashboardPlan> PlanAsync(DashboardSettings? settings = null) => _engine.RunAsync("plan", (s, _) => DashboardPlan.Create(
        s.Model(_spec), new DashboardRequest { Model = "tiny", Settings = settings ?? Settings }, "corpus.jsonl", "c0ffee",
        new TokenizedCorpus(_texts, [.. _texts.Select((_, i) => i % 3 == 0)], settings ?? Settings)), cancellation: Ct);

    private static byte[] Content(DashboardLibrary library, int layer) => File.ReadAllBytes(library.PathOf("tiny", layer));

    private static void Same(FeatureDashboard expected, FeatureDashboard found)
    {
        string what = expected.Feature.ToString();
        Assert.Equal((expected.Count, expected.Density), (found.Count, found.Density));
        Assert.Equal(expected.Max, found.Max, 1e-4f);
        Assert.Equal(expected.Mean, found.Mean, 1e-4);
        Assert.Equal(expected.Histogram, found.Histogram);
        Assert.Equal(Math.Min(Settings.Examples, expected.Examples.Length), found.Examples.Length);
        foreach ((ActivatingExample next, ActivatingExample f) in expected.Examples.Zip(found.Examples))
        {
            ActivatingExample e = expected.Examples.Single(x => x.Text == f.Text);
            Assert.Equal(next.Max, f.Max, 1e-4f);
            Assert.Equal((what, e.Text, e.Start, e.Peak, e.CutBefore, e.CutAfter, e.MayBeHarmful), (what, f.Text, f.Start, f.Peak, f.CutBefore, f.CutAfter, f.MayBeHarmful));
            Assert.Equal(e.Tokens, f.Tokens);
            Assert.All(e.Activations.Zip(f.Activations), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }
        Assert.Equal(expected.Nearest.Select(n => n.Feature), found.Nearest.Select(n => n.Feature));
        Assert.All(expected.Nearest.Zip(found.Nearest), pair => Assert.Equal(pair.First.Cosine, pair.Second.Cosine, 1e-5f));
        Assert.Equal(expected.CoFiring.Select(c => c.Feature), found.CoFiring.Select(c => c.Feature));
        Assert.All(expected.CoFiring.Zip(found.CoFiring), pair =>
            Assert.Equal([pair.First.Share, pair.First.Lift, pair.First.Jaccard], new[] { pair.Second.Share, pair.Second.Lift, pair.Second.Jaccard }));
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }

    private sealed class Callback(Action<DashboardProgress> told) : IProgress<DashboardProgress>
    {
        public void Report(DashboardProgress value) => told(value);
    }
}
