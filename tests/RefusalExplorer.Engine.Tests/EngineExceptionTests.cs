using Xunit;

namespace RefusalExplorer.Engine.Tests;

public sealed class EngineExceptionTests
{
    [Fact]
    public void Message_QuotingABrokenFile_IsOneLine() =>
        Assert.Equal(
            "a.npz: W enc: NumPy type <f 4, expected  <f4",
            new CheckpointFormatException("a.npz", "NumPy type <f\u20284, expected\u0007\u0085<f4", "W\nenc").Message);

    [Fact]
    public void Message_OfPlainText_IsKept() => Assert.Equal("naïve … 模型 🙂", new EngineException("naïve … 模型 🙂").Message);

    [Fact]
    public void Message_QuotingAMegabyte_IsCut()
    {
        string message = new EngineException("dimension " + new string('9', 1 << 20)).Message;

        Assert.InRange(message.Length, 1000, 10_000);
        Assert.EndsWith("9…", message, StringComparison.Ordinal);
    }
}
