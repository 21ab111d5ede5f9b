using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Components.Pages.Explore;
using RefusalExplorer.Web.Tests.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class VerdictMenuTests : WebTestContext
{
    [Fact]
    public void VerdictOfAPerson_StandsBesideThePanelsOwn()
    {
        Services.AddSingleton(new HumanVerdicts(new MemoryDocuments()));
        ArmResult arm = OutcomeTests.Made(Arm.Intervened, VerdictKind.Complied, 0.01) with { Text = "Here is how it is done in three steps" };
        IRenderedComponent<VerdictMenu> menu = Render<VerdictMenu>(p => p.Add(m => m.Arm, arm).Add(m => m.Prompt, "Hello"));
        Assert.Contains("panel", Judges(menu));

        menu.Find("[data-set-verdict='Degenerate']").Click();

        menu.WaitForAssertion(() => Assert.Equal("human", Judges(menu)[0]));
        Assert.Contains("panel", Judges(menu));
    }

    private static string[] Judges(IRenderedComponent<VerdictMenu> menu) => [.. menu.FindAll("dt").Select(d => d.TextContent)];
}
