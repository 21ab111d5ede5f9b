using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Fakes;

namespace RefusalExplorer.Web.Tests.Features;

/// <summary>Components with the app's own services, a tiny model and an empty data folder.</summary>
public abstract class MeaningContext : WebTestContext
{
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-meaning-").FullName;

    protected MeaningContext()
    {
        TinyChatModel.Write(ModelFolder);
        Services.AddLogging();
        Services.AddRefusalExplorer(new ConfigurationBuilder().AddInMemoryCollection(
            TinyChatModel.Settings(ModelFolder).Append($"DataFolder={Path.Combine(_folder, "data")}")
                .Select(s => s.Split('=', 2)).Select(s => KeyValuePair.Create($"RefusalExplorer:{s[0]}", (string?)s[1]))).Build());
        Services.AddSingleton<RunHub>();
        Services.AddSingleton<DashboardRuns>();
        Services.AddSingleton<FeatureRows>();
    }

    /// <summary>Where the tiny model lies.</summary>
    protected string ModelFolder => Path.Combine(_folder, "tiny");

    protected static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    protected T Get<T>() where T : notnull => Services.GetRequiredService<T>();

    protected override async ValueTask DisposeAsyncCore()
    {
        await base.DisposeAsyncCore();
        Directory.Delete(_folder, recursive: true);
    }
}
