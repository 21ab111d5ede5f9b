using System.Net;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

public sealed class AssetTests(DashboardFixture dashboard)
{
    [Theory]
    [InlineData("css/app.css")]
    [InlineData("fonts/inter.woff2")]
    [InlineData("_content/MudBlazor/MudBlazor.min.css")]
    [InlineData("_framework/blazor.web.js")]
    public async Task Asset_IsServedNotEmpty(string path)
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri($"{dashboard.Address}/{path}"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }
}
