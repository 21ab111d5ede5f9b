using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Tests.Composition;

public sealed class KnownModelTests
{
    private static ImmutableArray<ConfiguredModel> Configured(params (string Key, string Value)[] settings) =>
        AppSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"RefusalExplorer:Models:{s.Key}", (string?)s.Value))).Build()).ConfiguredModels();

    [Fact]
    public void WithoutSettings_ThePapersModelsAreThere_AndSayHowToGetThem()
    {
        var catalog = new ModelCatalog(Configured());

        Assert.Equal(["demo", "gemma-2-2b-it", "llama-3.1-8b-instruct"], catalog.Models.Select(m => m.Name));
        EngineException missing = Assert.Throws<EngineException>(() => catalog.Resolve("gemma-2-2b-it"));
        Assert.Contains("refusal-explorer pull gemma-2-2b-it", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_AreThePapersSaes()
    {
        ImmutableArray<HubRequest> gemma = ModelFiles.RequestsOf(KnownModels.Gemma);
        ImmutableArray<HubRequest> llama = ModelFiles.RequestsOf(KnownModels.Llama, new HashSet<int> { 3, 12 });

        Assert.Equal(["google/gemma-2-2b-it", "google/gemma-scope-2b-pt-res"], gemma.Select(r => r.Repo));
        Assert.Equal(16, gemma[1].Include.Length);
        Assert.Contains("layer_2/width_65k/average_l0_77/params.npz", gemma[1].Include);
        Assert.Contains("layer_15/width_65k/average_l0_68/params.npz", gemma[1].Include);
        Assert.Equal(["Llama3_1-8B-Base-L3R-32x/", "Llama3_1-8B-Base-L12R-32x/"], llama[1].Include);
        Assert.Equal("google/gemma-2-2b-it", Assert.Single(ModelFiles.RequestsOf(KnownModels.Gemma with { SaeRepo = null })).Repo);
    }

    [Fact]
    public void SettingsOfAKnownName_ChangeWhatTheyName()
    {
        ImmutableArray<ConfiguredModel> models = Configured(
            ("0:Name", "gemma-2-2b-it"), ("0:Device", "cuda"), ("0:Dtype", "bfloat16"), ("0:SaeLayers:0", "12"), ("0:SaeLayers:1", "13"),
            ("1:Name", "own"), ("1:Path", "/models/own.gguf"));

        ConfiguredModel gemma = models.Single(m => m.Name == "gemma-2-2b-it");
        Assert.Equal(("cuda", "bfloat16", "google/gemma-2-2b-it", 15), (gemma.Device, gemma.Dtype, gemma.Repo, gemma.DirectionLayer));
        Assert.Equal([12, 13], gemma.SaePaths.Keys);
        Assert.Equal(["gemma-2-2b-it", "llama-3.1-8b-instruct", "own"], models.Select(m => m.Name));
    }

    [Fact]
    public void SettingsOfAKnownName_WithWeightsAndSaesOfTheirOwn_ReplaceThose()
    {
        ConfiguredModel gemma = Configured(
            ("0:Name", "gemma-2-2b-it"), ("0:Path", "/weights/gemma"), ("0:SaePaths:7", "/saes/7.npz")).Single(m => m.Name == "gemma-2-2b-it");

        Assert.Equal(("/weights/gemma", null), (gemma.Path, gemma.SaeRepo));
        Assert.Equal("/saes/7.npz", Assert.Single(gemma.SaePaths).Value);
        Assert.Empty(ModelFiles.RequestsOf(gemma));
        Assert.Equal("gemma-2-2b", gemma.NeuronpediaModel);
    }

    [Fact]
    public void WrongSettings_AreNamed()
    {
        Assert.Contains("'a' occurs 2 times", Assert.Throws<EngineException>(() => Configured(("0:Name", "a"), ("0:Path", "x"), ("1:Name", "a"), ("1:Path", "y"))).Message, StringComparison.Ordinal);
        Assert.Contains("expected Path or Repo", Assert.Throws<EngineException>(() => Configured(("0:Name", "a"))).Message, StringComparison.Ordinal);
        Assert.Contains("without Name", Assert.Throws<EngineException>(() => Configured(("0:Path", "a"))).Message, StringComparison.Ordinal);
    }
}
