using System.Text.Json.Nodes;
using RefusalExplorer.Data.Tests.Hub;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class PullCommandTests : IAsyncLifetime
{
    private readonly CommandLine _folder = new();
    private FakeHub _hub = null!;

    private Dictionary<string, string> Environment => new()
    {
        ["HF_ENDPOINT"] = _hub.Address.ToString(),
        ["HF_HOME"] = _folder.Folder,
        ["RefusalExplorer__DataFolder"] = _folder.Folder,
        ["RefusalExplorer__Models__0__Name"] = "small",
        ["RefusalExplorer__Models__0__Repo"] = FakeHub.Repo,
        ["RefusalExplorer__Models__0__SaeRepo"] = FakeHub.Repo,
        ["RefusalExplorer__Models__0__Saes"] = "saes/layer_{l}/params.npz",
        ["RefusalExplorer__Models__0__SaeLayers__0"] = "1",
        ["RefusalExplorer__Models__0__SaeLayers__1"] = "2",
    };

    public async ValueTask InitializeAsync() => _hub = await FakeHub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task ConfiguredModel_WeightsAndTheLayersAskedFor_ShowUpInModels()
    {
        _hub.Add("config.json", "{}"u8.ToArray());
        _hub.Add("model.safetensors", 200_000);
        _hub.Add("saes/layer_1/params.npz", 3000);
        _hub.Add("saes/layer_2/params.npz", 4000);

        CliProcess pull = await CliProcess.RunAsync(Environment, "pull", "small", "--layers", "2", "--json");

        Assert.Equal((0, 2), (pull.Code, pull.Json.AsArray().Count));
        Assert.Equal(200_002, pull.Json[0]!["fetched"]!.GetValue<long>());
        Assert.Equal("saes/layer_2/params.npz", pull.Json[1]!["files"]!.AsArray().Single()!["path"]!.GetValue<string>());
        Assert.Contains("100.0%", pull.Error, StringComparison.Ordinal);

        CliProcess models = await CliProcess.RunAsync(Environment, "models", "--json");
        JsonNode small = models.Json.AsArray().Single(m => m!["name"]!.GetValue<string>() == "small")!;
        Assert.StartsWith(Path.Combine(_folder.Folder, "hub", "models--org--model", "snapshots"), small["weights"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal([false, true], small["saes"]!.AsArray().Select(s => s!["present"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Models_BeforeAnythingIsPulled_NamesTheMissingSaesAndWhereTheyComeFrom()
    {
        CliProcess json = await CliProcess.RunAsync(Environment, "models", "--json");
        JsonNode small = json.Json.AsArray().Single(m => m!["name"]!.GetValue<string>() == "small")!;
        Assert.Equal([1, 2], small["saes"]!.AsArray().Select(s => s!["layer"]!.GetValue<int>()));
        Assert.All(small["saes"]!.AsArray(), s => Assert.Equal((false, FakeHub.Repo), (s!["present"]!.GetValue<bool>(), s["repo"]!.GetValue<string>())));
        Assert.False(small["ready"]!.GetValue<bool>());

        CliProcess text = await CliProcess.RunAsync(Environment, "models");
        Assert.Contains($"  SAEs     missing at layers 1, 2 (from {FakeHub.Repo})\n", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repository_ByPatterns_AndDryRunFetchesNothing()
    {
        _hub.Add("layer_1/params.npz", 3000);
        _hub.Add("layer_2/params.npz", 4000);

        CliProcess dry = await CliProcess.RunAsync(Environment, "pull", FakeHub.Repo, "--include", "layer_2/*", "--dry-run");
        Assert.Equal("missing       4 kB  layer_2/params.npz\norg/model@01234567: 1 of 2 files, 4 kB, 4 kB to fetch\n", dry.Output);
        Assert.Empty(_hub.StoreSeen);

        CliProcess pull = await CliProcess.RunAsync(Environment, "pull", FakeHub.Repo, "--include", "layer_1/*", "layer_2/*", "--json");
        Assert.Equal(7000, pull.Json["fetched"]!.GetValue<long>());
    }

    [Theory]
    [InlineData(2, "there is no such repository", "pull", "org/other")]
    [InlineData(2, "no SAE is configured for layer 9; configured are 1, 2", "pull", "small", "--layers", "9")]
    [InlineData(2, "model 'demo' is configured by its path", "pull", "demo")]
    [InlineData(2, "expected a repository's name such as google/gemma-2-2b-it", "pull", "a b")]
    [InlineData(2, "is a configured model; choose SAEs with --layers", "pull", "small", "--include", "*")]
    public async Task BadRequest_IsOneLineAndExits2(int code, string says, params string[] args)
    {
        CliProcess pull = await CliProcess.RunAsync(Environment, args);

        Assert.Equal(code, pull.Code);
        Assert.Contains(says, Assert.Single(pull.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(pull.Output);
    }

    [Fact]
    public async Task Unreachable_Exits1_AndNeverShowsTheToken()
    {
        Dictionary<string, string> environment = Environment;
        environment["HF_ENDPOINT"] = "http://127.0.0.1:9";
        environment["HF_HUB_OFFLINE"] = "1";
        environment["HF_TOKEN"] = "hf_secretsecret";
        CliProcess pull = await CliProcess.RunAsync(environment, "pull", FakeHub.Repo);

        Assert.Equal(1, pull.Code);
        Assert.Contains("HF_HUB_OFFLINE is set", pull.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secretsecret", pull.Error + pull.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gated_SaysWhatToDo()
    {
        _hub.Add("config.json", "{}"u8.ToArray());
        _hub.Add("model.safetensors", 2000);
        _hub.Gated = "\"manual\"";
        CliProcess pull = await CliProcess.RunAsync(Environment, "pull", FakeHub.Repo);

        Assert.Equal(2, pull.Code);
        Assert.Contains("gated, and no token was found; accept its terms at", pull.Error, StringComparison.Ordinal);
    }
}
