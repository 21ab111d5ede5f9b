using RefusalExplorer.Pipeline.Directions;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Directions;

/// <summary>Files that PyTorch itself wrote.</summary>
public class TorchFileTests
{
    private static TorchTensor Read(string name) => TorchTensorFile.Read(Path.Combine(AppContext.BaseDirectory, "Goldens", "torch", name));

    [Fact]
    public void Read_WholeTensor_HasItsShapeAndValues()
    {
        TorchTensor tensor = Read("mean_diffs.pt");
        Assert.Equal([2L, 3, 4], tensor.Shape);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => i / 7.0), tensor.Values);
    }

    [Fact]
    public void Read_ViewWithAnOffset_HasTheViewsValuesOnly()
    {
        TorchTensor tensor = Read("direction.pt");
        Assert.Equal([4L], tensor.Shape);
        Assert.Equal([20 / 7.0, 21 / 7.0, 22 / 7.0, 23 / 7.0], tensor.Values);
    }

    [Fact]
    public void Read_TransposedView_IsRowMajor() => Assert.Equal([0.0, 3, 1, 4, 2, 5], Read("transposed.pt").Values);

    [Theory]
    [InlineData("bf16.pt", 0.10009765625)]
    [InlineData("half.pt", 0.0999755859375)]
    public void Read_NarrowTypes_AreWidened(string name, double rounded) => Assert.Equal([1.5, -2.25, rounded], Read(name).Values);

    [Theory]
    [InlineData("dict.pt", "pickle operation 0x7d")]
    [InlineData("int.pt", "it names torch\\.LongStorage")]
    [InlineData("param.pt", "it names torch\\._utils\\._rebuild_parameter")]
    public void Read_AnythingElse_IsRefusedInOneLine(string name, string found)
    {
        string message = Assert.Throws<PipelineException>(() => Read(name)).Message;
        Assert.Matches($"{name}: {found}[^;]*; expected one plain float tensor", message);
    }
}
