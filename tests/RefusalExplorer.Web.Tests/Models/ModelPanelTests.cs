using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Pages.Models;
using RefusalExplorer.Web.Hosting.Security;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Models;

public sealed class ModelPanelTests : WebTestContext
{
    private const int DemoWidth = 576;
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-models-").FullName;
    private readonly AppSettings _settings;

    public ModelPanelTests()
    {
        _settings = new AppSettings { DataFolder = _folder };
        Services.AddLogging();
        Services.AddRefusalExplorer(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
        Services.AddSingleton(_settings);
        Services.AddSingleton(new StoreOptions { Folder = Path.Combine(_folder, "store"), BackupInterval = TimeSpan.Zero });
        Services.AddSingleton(new RunHub());
        Services.AddSingleton(new AccessPolicy(new AccessSettings()));
        Services.AddSingleton<ImportRuns>();
        Services.AddSingleton<LocalPaths>();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Direction_OfASafetensorsFile_IsStoredAtItsHook()
    {
        IRenderedComponent<DirectionsPanel> panel = ShowDirections();
        Upload(panel, "mine.safetensors", Safetensors(DemoWidth), hook: "blocks.9.hook_resid_post");

        panel.WaitForElement("[data-direction-done]");
        // The output of block 9 is the input of block 10.
        StoredDirection stored = Assert.Single(Services.GetRequiredService<IDirectionStore>().List());
        Assert.Equal(("demo", "blocks.10.hook_resid_pre", -1, DemoWidth), (stored.Model, stored.Hook, stored.Position, stored.Vector.Length));
        Assert.Contains(stored.Id, panel.Find("tbody").TextContent, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder, "uploads")));
    }

    [Fact]
    public void Direction_OfATorchFile_IsRead()
    {
        string path = Path.Combine(_folder, "direction.pt");
        TorchTensorFile.Write(path, [DemoWidth], [.. Enumerable.Range(1, DemoWidth).Select(i => (double)i)]);
        IRenderedComponent<DirectionsPanel> panel = ShowDirections();
        Upload(panel, "direction.pt", File.ReadAllBytes(path), hook: "blocks.10.hook_resid_pre");

        panel.WaitForElement("[data-direction-done]");
        Assert.Equal(3f, Assert.Single(Services.GetRequiredService<IDirectionStore>().List()).Vector[2]);
    }

    [Theory]
    [InlineData(100, "blocks.1.hook_resid_pre", "x.safetensors", "x.safetensors: 100 numbers; expected 576")]
    [InlineData(DemoWidth, "layer 16", "x.safetensors", "hook 'layer 16': expected blocks.<l>.hook_resid_pre")]
    [InlineData(DemoWidth, "blocks.99.hook_resid_pre", "x.safetensors", "demo has blocks 0–29")]
    [InlineData(DemoWidth, "blocks.1.hook_resid_pre", "x.npz", "x.npz: expected a .safetensors file")]
    [InlineData(DemoWidth, "blocks.1.hook_resid_pre", "x.pt", "x.pt: not a whole zip archive")]
    public void WrongDirection_IsOneLineWithTheNameOfTheUpload(int width, string hook, string name, string says)
    {
        IRenderedComponent<DirectionsPanel> panel = ShowDirections();
        Upload(panel, name, Safetensors(width), hook);

        panel.WaitForElement(".error-line");
        Assert.Contains(says, panel.Find(".error-line").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder, panel.Find(".error-line").TextContent, StringComparison.Ordinal);
        Assert.Empty(Services.GetRequiredService<IDirectionStore>().List());
    }

    [Fact]
    public async Task Explanations_AreImportedFromAPath_AndCountedBySae()
    {
        string file = Path.Combine(_folder, "batch-0.jsonl");
        await File.WriteAllLinesAsync(file,
        [
            .. Enumerable.Range(0, 30).Select(i => $$"""{"modelId":"gemma-2-2b","layer":"{{i % 3}}-gemmascope-res-65k","index":"{{i}}","description":"d {{i}}"}"""),
            "broken",
        ], Xunit.TestContext.Current.CancellationToken);
        IRenderedComponent<ExplanationsPanel> panel = Render<ExplanationsPanel>();
        // On the renderer's thread: the panel still reads what is imported, and renders again when it has.
        await panel.InvokeAsync(() => panel.Find("#explanations-path").Change(file));
        await panel.InvokeAsync(() => panel.Find("[data-import]").Click());

        panel.WaitForElement("[data-explanation-sources]", TimeSpan.FromSeconds(120));
        Assert.Equal(["gemma-2-2b", "gemmascope-res-65k", "0–2", "30"], panel.FindAll("[data-explanation-sources] tbody td").Select(c => c.TextContent));
        Assert.Contains("1 broken lines were left out", panel.Find("[data-import-done]").TextContent, StringComparison.Ordinal);
        Assert.Contains("line 31", panel.Find(".faults").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Explanations_Uploaded_AreImported_AndTheUploadIsGone()
    {
        IRenderedComponent<ExplanationsPanel> panel = Render<ExplanationsPanel>();
        panel.FindComponent<Microsoft.AspNetCore.Components.Forms.InputFile>().UploadFiles(
            InputFileContent.CreateFromText("""{"modelId":"m","layer":"4-x","index":"1","description":"d"}""", "../../odd.jsonl"));

        panel.WaitForElement("[data-explanation-sources]", TimeSpan.FromSeconds(120));
        Assert.Single(Services.GetRequiredService<SqliteExplanationStore>().ForFeature("m", "4-x", 1));
        panel.WaitForAssertion(() => Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder, "uploads"))));
    }

    [Fact]
    public void Paths_AreNotTaken_WhereOthersAreServed()
    {
        _settings.Api.AllowPaths = false;
        Assert.Empty(Render<ExplanationsPanel>().FindAll("#explanations-path"));
    }

    [Fact]
    public void Neuronpedia_IsSwitchedOffForGood()
    {
        IRenderedComponent<ExplanationsPanel> panel = Render<ExplanationsPanel>();
        panel.Find("#neuronpedia-use").Change("Off");

        INeuronpedia neuronpedia = Services.GetRequiredService<INeuronpedia>();
        panel.WaitForAssertion(() => Assert.Equal(NeuronpediaUse.Off, neuronpedia.Status.Use));
    }

    private IRenderedComponent<DirectionsPanel> ShowDirections() =>
        Render<DirectionsPanel>(p => p.Add(c => c.Models, Services.GetRequiredService<ModelInventory>().All()));

    private static void Upload(IRenderedComponent<DirectionsPanel> panel, string name, byte[] bytes, string hook)
    {
        panel.Find("#direction-hook").Change(hook);
        panel.FindComponent<Microsoft.AspNetCore.Components.Forms.InputFile>().UploadFiles(InputFileContent.CreateFromBinary(bytes, name));
    }

    private byte[] Safetensors(int width)
    {
        string path = Path.Combine(_folder, "made.safetensors");
        byte[] header = System.Text.Encoding.UTF8.GetBytes($$$"""{"direction":{"dtype":"F32","shape":[{{{width}}}],"data_offsets":[0,{{{4 * width}}}]}}""");
        float[] values = [.. Enumerable.Range(1, width).Select(i => (float)i)];
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())]);
        return File.ReadAllBytes(path);
    }
}
