using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Pipeline.Tests.Studies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

public sealed class StudyRequestsTests
{
    private static readonly StudyRequests Requests = new(new FakePrompts());

    [Fact]
    public async Task Make_GivesEveryRefusedPromptItsOwnSet_AndOthersOneOfUsualSize()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        ImmutableArray<PromptResult> prompts = new StudyFiles(folder.Path).ReadPrompts();

        AnalysisRequest request = Requests.Make(result, prompts, "small-1", "d");

        Assert.Equal(("fake", "d", "small-1", "allButFirst", 16), (request.Model, request.Direction, request.Study, request.Scope, request.MaxNewTokens));
        Assert.Equal(prompts.Select(p => p.Instruction), request.Harmful!.Items.Select(p => p.Instruction));
        Assert.Equal([StudyFeatureSets.MinimalName, StudyFeatureSets.AddedName], request.Sets.Select(s => s.Name));
        Assert.All(prompts, p => Assert.Equal(p.MinimalFeatures, request.Sets[0].For(p.Instruction)));
        Assert.All(prompts, p => Assert.Equal(p.Interactions!.Found.Order(), request.Sets[1].For(p.Instruction)));
        int[] sizes = [.. prompts.Select(p => p.MinimalFeatures.Count).Order()];
        Assert.Equal(sizes[2], request.Sets[0].For("some other prompt").Length);
        // What most prompts need comes first.
        FeatureId[] common = [.. result.Features.OrderByDescending(f => f.Prompts).ThenBy(f => f.Feature).Take(sizes[2]).Select(f => f.Feature).Order()];
        Assert.Equal(common, request.Sets[0].Features);
        Assert.NotEmpty(request.Harmless!.Items);
        Assert.InRange(request.Harmless.Take!.Value, 1, 20);
        Assert.Null(request.Changes);
    }

    [Fact]
    public async Task Make_OfAPromptWithoutAMinimalSet_AblatesNothingThere()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        ImmutableArray<PromptResult> prompts = new StudyFiles(folder.Path).ReadPrompts();
        prompts = prompts.SetItem(1, prompts[1] with { Outcome = PromptOutcome.NotFlipped, Prune = null, Interactions = null })
            .SetItem(2, prompts[2] with { Outcome = PromptOutcome.NotRefused });

        AnalysisRequest request = Requests.Make(result, prompts, "x", null);

        Assert.DoesNotContain(prompts[2].Instruction, request.Harmful!.Items.Select(p => p.Instruction));
        Assert.Equal(4, request.Harmful.Items.Length);
        Assert.Empty(request.Sets[0].For(prompts[1].Instruction));
        Assert.NotEmpty(request.Sets[0].For(prompts[0].Instruction));
    }

    [Fact]
    public async Task Make_TakesNoFeaturesOfStage3_WhereTheyJailbreakNothing()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        ImmutableArray<PromptResult> prompts = new StudyFiles(folder.Path).ReadPrompts();
        PromptResult first = prompts.First(p => !p.Interactions!.Found.IsEmpty);
        prompts = prompts.Replace(first, first with { Interactions = first.Interactions! with { SmallestK = null } });

        AnalysisRequest request = Requests.Make(result, prompts, "x", null);

        Assert.NotEmpty(first.Interactions!.Added);
        Assert.Empty(request.Sets.ElementAtOrDefault(1)?.For(first.Instruction) ?? []);
    }

    [Fact]
    public async Task Make_MeasuresCosts_OnSelectedPromptsThatMadeNoDirection()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        StudySets sets = result.Study.Sets with
        {
            HarmlessTrain = new Pipeline.Studies.PromptSelection { Set = "harmless", Categories = ["even"], Take = 12 },
            HarmlessVal = null,
        };
        result = result with { Study = result.Study with { Sets = sets, Direction = result.Study.Direction with { TrainCount = 5 } } };

        AnalysisRequest request = Requests.Make(result, new StudyFiles(folder.Path).ReadPrompts(), "x", null);

        Assert.All(request.Harmless!.Items, i => Assert.Equal("even", i.Category));
        Assert.Equal(12 - 5, request.Harmless.Items.Length);
    }

    [Fact]
    public async Task Make_CarriesWhatTheStudyChangesOfTheModel()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        result = result with { Study = result.Study with { Dtype = "bfloat16", Saes = ImmutableSortedDictionary<int, string>.Empty.Add(7, "sae7") } };

        AnalysisRequest request = Requests.Make(result, new StudyFiles(folder.Path).ReadPrompts(), "x", null);

        Engine.Models.ModelSpec spec = request.Changes!.Apply(new Engine.Models.ModelSpec { Name = "fake", Path = "p", Template = "own" });
        Assert.Equal(("bfloat16", "own", "sae7"), (spec.Dtype, spec.Template, spec.Saes[7]));
    }

    [Fact]
    public async Task Make_OfAStudyThatRefusesNothing_SaysSo()
    {
        using var folder = new StudyFolder();
        StudyResult result = await folder.RunAsync();
        PromptResult[] prompts = [.. new StudyFiles(folder.Path).ReadPrompts().Select(p => p with { Outcome = PromptOutcome.NotRefused })];

        PipelineException error = Assert.Throws<PipelineException>(() => Requests.Make(result, [.. prompts], "x", null));

        Assert.Contains("refuses none of its 5 prompts", error.Message, StringComparison.Ordinal);
    }
}
