using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Pages.Studies;
using RefusalExplorer.Web.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Studies;

public sealed class StudyFormTests : WebTestContext
{
    private readonly StudyParts _parts = new();

    public StudyFormTests() => _parts.AddTo(Services);

    private static string Definition(IRenderedComponent<NewStudyPage> page) => page.Find("[data-definition]").GetAttribute("value")!;

    [Fact]
    public void AField_WritesItselfIntoTheDefinition_AndNothingElse()
    {
        IRenderedComponent<NewStudyPage> page = RenderPage<NewStudyPage>();
        StudyDefinition before = StudyJson.Parse(Definition(page), "before");

        page.Find("[data-take]").Change("7");

        StudyDefinition after = StudyJson.Parse(Definition(page), "after");
        Assert.Equal(7, after.Sets.Prompts.Take);
        // The template's description, which says how many there were, goes with it.
        Assert.Equal(StudyJson.Serialize(before with { Description = "", Sets = before.Sets with { Prompts = before.Sets.Prompts with { Take = 7 } } }), StudyJson.Serialize(after));
        Assert.DoesNotContain("gatingRule", Definition(page), StringComparison.Ordinal);
    }

    [Fact]
    public void ADescriptionOfTheUsersOwn_StaysWhenAFieldChanges()
    {
        IRenderedComponent<NewStudyPage> page = RenderPage<NewStudyPage>();
        page.Find("[data-definition]").Change(StudyShort.Set(Definition(page), "my own words", "description"));

        page.Find("[data-take]").Change("2");

        Assert.Equal("my own words", StudyJson.Parse(Definition(page), "after").Description);
    }

    [Fact]
    public void AWrongDefinition_SaysInOneLineWhat_AndCannotStart()
    {
        IRenderedComponent<NewStudyPage> page = RenderPage<NewStudyPage>();

        page.Find("[data-definition]").Change("""{ "name": "n", "model": "demo", "sets": { "prompts": "demo:harmful_test" }, "prune": { "tau": 3 } }""");

        string error = page.Find("[data-error]").TextContent;
        Assert.Contains("$.prune.tau: unknown field; expected one of blockSize, thresholds", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
        Assert.True(page.Find("[data-start-study]").HasAttribute("disabled"));
    }

    [Fact]
    public void AnUnknownModel_IsSaidOnStart()
    {
        IRenderedComponent<NewStudyPage> page = RenderPage<NewStudyPage>();
        page.Find("[data-definition]").Change(StudyShort.Set(Definition(page), "gpt-9", "model"));

        page.Find("[data-start-study]").Click();

        page.WaitForAssertion(() => Assert.Contains("model 'gpt-9'", page.Find("[data-error]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task CheckingTheSets_CountsPrompts_AndNamesBrokenRowsByLine()
    {
        string file = Path.Combine(_parts.Folder, "mine.jsonl");
        await File.WriteAllTextAsync(file, "{\"instruction\":\"one\"}\n{\"instruction\":\n{\"instruction\":\"three\"}\n", Xunit.TestContext.Current.CancellationToken);
        IRenderedComponent<NewStudyPage> page = RenderPage<NewStudyPage>();
        page.Find("[data-prompt-set]").Change(file);

        page.Find("[data-check-sets]").Click();

        page.WaitForAssertion(() =>
        {
            string[] rows = [.. page.FindAll("[data-table='sets'] tbody tr").Select(r => r.TextContent)];
            Assert.Equal(5, rows.Length);
            Assert.Contains("mine.jsonl:2: expected", rows[0], StringComparison.Ordinal);
            Assert.Contains("demo:harmful_train", rows[1], StringComparison.Ordinal);
        });
    }

    [Fact]
    public void From_BeginsWithAnotherStudysSettings()
    {
        string id = _parts.List(FinishedStudies.Three);

        IRenderedComponent<NewStudyPage> page = RenderFrom(id);

        StudyDefinition study = StudyJson.Parse(Definition(page), "copy");
        Assert.Equal(FinishedStudies.Entry(FinishedStudies.Three).Study.Fingerprint, study.Fingerprint);
    }

    [Fact]
    public void FromAStudyThatIsNotThere_SaysSo() =>
        Assert.Contains("none of that id", RenderFrom("nothing").Find("[data-error]").TextContent, StringComparison.Ordinal);

    private IRenderedComponent<NewStudyPage> RenderFrom(string id)
    {
        Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().NavigateTo(StudyUrl.Copy(id));
        return RenderPage<NewStudyPage>();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
