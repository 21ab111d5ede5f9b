using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

public sealed class HubAccessTests : HubTest
{
    private const string Secret = "hf_secretsecretsecret";

    [Fact]
    public async Task Token_GoesToTheHubAlone()
    {
        AddModel();
        Hub.Gated = "\"manual\"";
        Hub.Accepted = Secret;
        HubPull pull = await PullAsync(Secret);

        Assert.Equal(3, pull.Files.Length);
        Assert.All(Hub.HubSeen, r => Assert.Equal($"Bearer {Secret}", r.Authorization));
        Assert.NotEmpty(Hub.StoreSeen);
        Assert.All(Hub.StoreSeen, r => Assert.Null(r.Authorization));
        foreach (string file in Directory.EnumerateFiles(Cache, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(file, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GatedWithoutToken_SaysWhereToAcceptAndHowToLogIn()
    {
        AddModel();
        Hub.Gated = "\"manual\"";
        HubException error = await FailAsync(HubFault.TokenMissing);
        Assert.Matches("^org/model: gated, and no token was found; accept its terms at http://127.0.0.1:[0-9]+/org/model, then set HF_TOKEN", error.Message);
    }

    [Fact]
    public async Task GatedAndNotAccepted_SaysWhoseTokenItIs_NotTheToken()
    {
        AddModel();
        Hub.Gated = "\"manual\"";
        HubException error = await FailAsync(HubFault.NotAccepted, Secret);

        Assert.Contains("its terms are not accepted by the owner of the token from HF_TOKEN", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownToken_IsNamedByItsOrigin()
    {
        Hub.HubFault = async context =>
        {
            await FakeHub.RefuseAsync(context, 401, null, "Invalid credentials in Authorization header");
            return true;
        };
        HubException error = await FailAsync(HubFault.TokenRejected, Secret);
        Assert.Contains("the token from HF_TOKEN is not valid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownRepositoryRevisionAndFile_AreToldApart()
    {
        AddModel();
        HubException repository = await Assert.ThrowsAsync<HubException>(() => PullAsync(new HubRequest { Repo = "org/other" }));
        HubException revision = await Assert.ThrowsAsync<HubException>(() => PullAsync(new HubRequest { Repo = FakeHub.Repo, Revision = "nightly" }));
        Hub.HubFault = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("model.safetensors", StringComparison.Ordinal))
                return false;
            await FakeHub.RefuseAsync(context, 404, "EntryNotFound");
            return true;
        };
        HubException file = await FailAsync(HubFault.FileNotFound);

        Assert.Equal((HubFault.RepositoryNotFound, HubFault.RevisionNotFound), (repository.Fault, revision.Fault));
        Assert.Equal("org/other: there is no such repository at 127.0.0.1, or it is private and no token was found (HF_TOKEN)", repository.Message);
        Assert.Equal("org/model: there is no revision 'nightly'", revision.Message);
        Assert.Equal("org/model: there is no file 'model.safetensors'", file.Message);
    }

    [Fact]
    public void Environment_IsReadInTheHubsOwnOrder()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("token"), "from-home\n");
        File.WriteAllText(folder.File("elsewhere"), "from-path\r\n");
        var set = new Dictionary<string, string> { ["HF_HOME"] = folder.Path };
        var environment = new HubEnvironment(name => set.GetValueOrDefault(name));

        Assert.Equal((Path.Combine(folder.Path, "hub"), "https://huggingface.co", "from-home"), (environment.CacheFolder, environment.Endpoint, environment.FindToken()!.Value));
        set["HF_TOKEN_PATH"] = folder.File("elsewhere");
        set["HF_HUB_CACHE"] = "/caches/hub";
        set["HF_ENDPOINT"] = "https://mirror.example/";
        Assert.Equal(("/caches/hub", "https://mirror.example", "from-path"), (environment.CacheFolder, environment.Endpoint, environment.FindToken()!.Value));
        set["HF_TOKEN"] = " from-variable ";
        Assert.Equal(("from-variable", "token from HF_TOKEN"), (environment.FindToken()!.Value, environment.FindToken()!.ToString()));
        set["HF_TOKEN"] = "";
        set["HF_TOKEN_PATH"] = folder.File("nowhere");
        Assert.Null(environment.FindToken());
    }

    [Fact]
    public async Task PlainHttpToAnotherComputer_NeverCarriesTheToken()
    {
        string? sent = "";
        var options = new HubOptions { Endpoint = new Uri("http://hub.example"), CacheFolder = Cache, Token = () => new HubToken(Secret, "HF_TOKEN") };
        using var client = new HttpClient(new HubHandler(options, new Recorder(r => sent = r.Headers.Authorization?.ToString())));
        await client.GetAsync(new Uri("http://hub.example/api"), Token);
        Assert.Null(sent);
    }

    private sealed class Recorder(Action<HttpRequestMessage> seen) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            seen(request);
            return Task.FromResult(new HttpResponseMessage());
        }
    }
}
