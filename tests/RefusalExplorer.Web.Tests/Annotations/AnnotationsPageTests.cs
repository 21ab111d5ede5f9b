using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Annotations;
using RefusalExplorer.Web.Components.Pages.Annotations;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Tests.Fakes;
using RefusalExplorer.Web.Tests.Features;
using Xunit;

namespace RefusalExplorer.Web.Tests.Annotations;

public sealed class AnnotationsPageTests : MeaningContext
{
    [Theory]
    [InlineData("Enter")]
    [InlineData("u")]
    public async Task Key_PressedWithoutAName_SaysSo(string key)
    {
        Services.AddSingleton<FeatureFactsReader>();
        Services.AddScoped<AnnotatorName>();
        await Get<IDirectionStore>().SaveAsync(new StoredDirection
        {
            Id = "of-the-test",
            Model = TinyChatModel.Name,
            Hook = "blocks.1.hook_resid_post",
            Vector = [1, -1, 0.5f, 2, 0, 0, 1, -0.5f],
            CreatedAt = DateTimeOffset.UnixEpoch,
        }, Ct);
        Get<NavigationManager>().NavigateTo("/annotations" + FeatureQueryUrl.Write(new FeatureQuery { Model = TinyChatModel.Name, Direction = "of-the-test" }));
        IRenderedComponent<AnnotationsPage> page = RenderPage<AnnotationsPage>();
        page.WaitForElement("[data-submit]:not([disabled])");
        page.WaitForState(() => Get<HotkeyService>().Keys.Any(k => k.Key == key));

        await Get<HotkeyService>().OnKey(key);

        page.WaitForAssertion(() => Assert.Contains("Write your name first: annotations are kept by annotator.", page.Markup, StringComparison.Ordinal));
    }
}
