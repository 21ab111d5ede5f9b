using RefusalExplorer.Pipeline.Catalog;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Catalog;

public sealed class ModelCatalogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-catalog-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Llama-3.1-8B-tiny")]
    [InlineData("Llama-3.1-8B-tiny/")]
    public void Resolve_AFolder_HasItsWholeName(string folder)
    {
        Directory.CreateDirectory(Path.Combine(_folder, folder));

        Assert.Equal("Llama-3.1-8B-tiny", new ModelCatalog([]).Resolve(Path.Combine(_folder, folder)).Name);
    }

    [Fact]
    public void Resolve_AFile_LosesItsExtensionAlone()
    {
        string file = Path.Combine(_folder, "Llama-3.1-8B.Q4_1.gguf");
        File.WriteAllText(file, "");

        Assert.Equal("Llama-3.1-8B.Q4_1", new ModelCatalog([]).Resolve(file).Name);
    }
}
