using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Studies;

public class StudyRunnerTests
{
    [Fact]
    public async Task Run_PlantedFeatures_AreFoundProvenAndBeatTheControls()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();

        Assert.Equal(StudyStage.Interactions, result.Completed);
        Assert.Equal((5, 5, 5, 5), (result.Funnel.Prompts, result.Funnel.Refused, result.Funnel.Flipped, result.Funnel.Minimal));
        StudyRate Rate(StudyArm arm) => result.Rates.Single(r => r.Arm == arm);
        Assert.Equal((0, 5), (Rate(StudyArm.Baseline).Complied, Rate(StudyArm.Directional).Complied));
        Assert.Equal((5, 0), (Rate(StudyArm.Minimal).Complied, Rate(StudyArm.RandomControl).Complied));
        Assert.Equal(10, Rate(StudyArm.RandomControl).Runs);
        // Two planted features bring P below a half: that is all that leave-one-out leaves.
        foreach (PromptResult prompt in new StudyFiles(folder.Path).ReadPrompts())
        {
            ExactResult exact = prompt.Prune!.Exact!;
            Assert.True(exact is { Works: true, IsMinimal: true });
            Assert.All(exact.Features, f => Assert.Contains(f, (FeatureId[])[new(2, 3), new(3, 11), new(3, 4), new(4, 7)]));
            Assert.True(exact.Response.Complied);
            Assert.NotNull(prompt.Interactions!.Link);
            Assert.NotEmpty(prompt.Interactions.Sweep);
        }
    }

    [Fact]
    public async Task Run_KilledAtEveryPiece_EndsWithTheSameBytesAndDoesNothingTwice()
    {
        using var whole = new StudyFolder();
        var engine = new FakeStudyEngine();
        await whole.RunAsync(engine);
        SortedDictionary<string, string> expected = whole.Results;
        Assert.Contains("prompts.jsonl", expected.Keys);
        string[] journal = await File.ReadAllLinesAsync(whole.Journal, TestContext.Current.CancellationToken);
        Assert.True(journal.Length > 60, $"{journal.Length} pieces");

        // A kill leaves the journal with some lines and a part of the next; everything else may be missing.
        for (int lines = 0; lines < journal.Length; lines++)
        {
            using var killed = new StudyFolder();
            string torn = journal[lines][..(journal[lines].Length / 2)];
            await File.WriteAllTextAsync(killed.Journal, string.Concat(journal.Take(lines).Select(l => l + "\n")) + torn, TestContext.Current.CancellationToken);
            // The trained machines are files of their own, written before their piece.
            foreach (string file in Directory.EnumerateFiles(whole.Path, "*.safetensors"))
                File.Copy(file, Path.Combine(killed.Path, Path.GetFileName(file)));
            await killed.RunAsync();
            Assert.Equal(expected, killed.Results);
            string[] after = await File.ReadAllLinesAsync(killed.Journal, TestContext.Current.CancellationToken);
            Assert.Equal(journal.Select(PieceOf), after.Select(PieceOf));
            Assert.Equal(journal.Take(lines), after.Take(lines));
        }
    }

    [Fact]
    public async Task Run_DyingBeforeEachPieceInTurn_GetsThere()
    {
        using var whole = new StudyFolder();
        var uninterrupted = new FakeStudyEngine();
        await whole.RunAsync(uninterrupted);

        using var folder = new StudyFolder();
        int deaths = 0;
        while (true)
        {
            int budget = 3 + (deaths * 2);
            try
            {
                await folder.RunAsync(new FakeStudyEngine { Before = _ => { if (budget-- == 0) throw new OutOfPowerException(); } });
                break;
            }
            catch (OutOfPowerException)
            {
                deaths++;
            }
        }
        Assert.True(deaths > 5);
        Assert.Equal(whole.Results, folder.Results);
    }

    [Fact]
    public async Task Run_Cancelled_StopsBetweenPiecesAndGoesOn()
    {
        using var folder = new StudyFolder();
        using var stop = new CancellationTokenSource();
        int pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            folder.RunAsync(new FakeStudyEngine { Before = _ => { if (++pieces == 20) stop.Cancel(); } }, cancellation: stop.Token));
        StudyResult result = await folder.RunAsync();
        Assert.Equal(5, result.Funnel.Minimal);
    }

    [Fact]
    public async Task Run_ThroughAnEarlierStage_IsContinuedByALaterOne()
    {
        using var folder = new StudyFolder();
        StudyResult first = await folder.RunAsync(study: StudyFolder.Small with { Through = StudyStage.Candidates });
        Assert.Equal((StudyStage.Candidates, 5, 0), (first.Completed, first.Funnel.Flipped, first.Funnel.Minimal));
        int runs = 0;
        StudyResult second = await folder.RunAsync(new FakeStudyEngine { Before = what => runs += what.Contains("top 4", StringComparison.Ordinal) ? 1 : 0 });
        Assert.Equal((StudyStage.Interactions, 5, 0), (second.Completed, second.Funnel.Minimal, runs));
    }

    [Fact]
    public async Task Run_OtherSettingsOrWeightsInTheSameFolder_AreRefused()
    {
        using var folder = new StudyFolder();
        await folder.RunAsync();
        PipelineException settings = await Assert.ThrowsAsync<PipelineException>(() => folder.RunAsync(study: StudyFolder.Small with { Seed = 1 }));
        Assert.Contains("a study with other settings", settings.Message, StringComparison.Ordinal);
        PipelineException weights = await Assert.ThrowsAsync<PipelineException>(() => folder.RunAsync(new FakeStudyEngine(new FakeStudyModel { Weights = "others" })));
        Assert.Contains("other weights", weights.Message, StringComparison.Ordinal);
        await folder.RunAsync(study: StudyFolder.Small with { Name = "renamed", Description = "said anew" });
    }

    [Fact]
    public async Task Run_TwiceInOneFolderAtOnce_RefusesTheSecond()
    {
        using var folder = new StudyFolder();
        using StudyJournal first = StudyJournal.Open(folder.Path, StudyFolder.Small.Fingerprint);
        PipelineException e = await Assert.ThrowsAsync<PipelineException>(() => folder.RunAsync());
        Assert.Contains("another process may run this study", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AttackSuccessRateSelector_ChoosesALayerWithADirection()
    {
        using var folder = new StudyFolder();
        StudyDefinition study = StudyFolder.Small with { Through = StudyStage.Direction, Direction = StudyFolder.Small.Direction with { Selector = DirectionSelector.AttackSuccessRate } };
        StudyResult result = await folder.RunAsync(study: study);
        Assert.Equal(-1, result.Direction!.Position);
        Assert.Equal(6, result.Direction.AttackSuccessRates.Length);
        Assert.Equal(result.Direction.AttackSuccessRates.Where(r => !double.IsNaN(r)).Max(), result.Direction.AttackSuccessRates[result.Direction.Block]);
    }

    [Fact]
    public async Task Run_WithAnImportedDirection_StudiesThatOne_AndExportsItAgain()
    {
        using var first = new StudyFolder();
        StudyResult found = await first.RunAsync(study: StudyFolder.Small with { Through = StudyStage.Direction });
        using var second = new StudyFolder();
        string files = Path.Combine(first.Path, "direction");
        StudyDefinition study = StudyFolder.Small with { Through = StudyStage.Candidates, Direction = new DirectionStageSettings { Use = files } };

        StudyResult result = await new StudyRunner(new FakePrompts(), new FolderDirections()).RunAsync(
            study, second.Path, new FakeStudyEngine(), cancellation: TestContext.Current.CancellationToken);

        Assert.Equal((found.Direction!.Id, found.Direction.Hook, found.Direction.Position), (result.Direction!.Id, result.Direction.Hook, result.Direction.Position));
        Assert.Equal(5, result.Funnel.Flipped);
        foreach (string name in (string[])["direction.pt", "direction_metadata.json"])
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(files, name), TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(Path.Combine(second.Path, "direction", name), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Progress_OfAResumedStudy_CountsWhatIsDoneAndRatesWhatRuns()
    {
        using var folder = new StudyFolder();
        await folder.RunAsync(study: StudyFolder.Small with { Through = StudyStage.Candidates });
        var seen = new Seen();
        await folder.RunAsync(events: seen);
        StudyProgress[] progress = [.. seen.Events.OfType<StudyEvent.Progressed>().Select(p => p.Progress)];
        Assert.All(progress, p => Assert.InRange(p.Done, 0, p.Total));
        Assert.Null(progress.Last(p => p.Stage == StudyStage.Candidates).PerMinute);
        StudyProgress last = progress[^1];
        Assert.Equal((StudyStage.Interactions, 4, last.Total), (last.Stage, last.StageNumber, last.Done));
        Assert.True(last.PerMinute > 0);
        Assert.Contains(seen.Events, e => e is StudyEvent.ResultsChanged { Result.Funnel.Minimal: 3 });
    }

    private static string PieceOf(string line) => line.Split('"')[3];

    private sealed class Seen : IProgress<StudyEvent>
    {
        public List<StudyEvent> Events { get; } = [];

        public void Report(StudyEvent value) => Events.Add(value);
    }

    private sealed class FolderDirections : IStudyDirections
    {
        public Pipeline.Directions.RefusalDirection Read(string pathOrId, string? hook, int position) => Pipeline.Directions.ReferenceDirectionFiles.Read(pathOrId).Direction;
    }

    private sealed class OutOfPowerException : Exception;
}
