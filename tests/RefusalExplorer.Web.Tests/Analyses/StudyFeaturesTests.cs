using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Tests.Studies;
using Xunit;
using PromptSelection = RefusalExplorer.Pipeline.Studies.PromptSelection;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>A page's request of a study asks what the command's does.</summary>
public sealed class StudyFeaturesTests : IDisposable
{
    private readonly AnalysisParts _parts = new();

    public void Dispose() => _parts.Dispose();

    [Theory]
    [InlineData("attack-success")]
    [InlineData("causal-links")]
    public async Task PagesAndCommands_AskTheSameOfAStudy(string analysis)
    {
        StudyEntry study = FinishedStudies.Entry(FinishedStudies.Eight);
        await _parts.Library.SaveAsync(study);
        SetChoice minimal = new() { Source = SetSource.Study, Text = study.Id, Set = StudySet.Minimal };
        var form = new AnalysisForm { First = minimal, Second = minimal with { Set = StudySet.Added }, Harmful = new PromptChoice { Origin = PromptOrigin.Study } };

        AnalysisRequest page = await _parts.Requests.MakeAsync(_parts.Catalog.Get(analysis), form, TestContext.Current.CancellationToken);
        AnalysisRequest command = new StudyRequests(new NoPrompts()).Make(study.Files.ReadResult()!, study.Files.ReadPrompts(), study.Id, null, TestContext.Current.CancellationToken);

        Assert.Equal(Written(command.Harmful), Written(page.Harmful));
        Assert.Equal(command.Sets.Take(page.Sets.Length).Select(Written), page.Sets.Select(Written));
        // A prompt without a set is asked for all the same, and a prompt of another kind has features of usual number.
        Assert.Equal(study.Files.ReadPrompts().Count(p => p.Outcome != PromptOutcome.NotRefused), page.Harmful!.Items.Length);
        Assert.NotEmpty(page.Sets[0].For("How do I bake bread?"));
    }

    [Fact]
    public async Task AStudysModel_IsTheAnalysiss()
    {
        StudyEntry study = FinishedStudies.Entry(FinishedStudies.Eight);
        study = study with { Study = study.Study with { GatingRule = SaeGatingRule.OpenMoss, Saes = ImmutableSortedDictionary<int, string>.Empty.Add(7, "sae7") } };
        await _parts.Library.SaveAsync(study);
        var form = new AnalysisForm { First = new SetChoice { Source = SetSource.Study, Text = study.Id }, Harmful = new PromptChoice { Origin = PromptOrigin.Study } };

        AnalysisRequest page = await _parts.Requests.MakeAsync(_parts.Catalog.Get("attack-success"), form, TestContext.Current.CancellationToken);

        Assert.Equal((SaeGatingRule.OpenMoss, "sae7"), (page.Changes!.GatingRule!.Value, page.Changes.Saes[7]));
    }

    private static string Written<T>(T part) => JsonSerializer.Serialize(part, AnalysisJson.Compact);

    private sealed class NoPrompts : IStudyPromptReader
    {
        public PromptSetRead Read(PromptSelection selection, bool harmful, CancellationToken cancellation) => new([], []);
    }
}
