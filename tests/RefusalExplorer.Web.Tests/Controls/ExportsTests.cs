using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class ExportsTests
{
    [Fact]
    public void Csv_QuotesCommasQuotesAndBreaks() =>
        Assert.Equal("a,b\r\n\"x,\"\"y\"\"\",\"1\n2\"\r\n", Exports.Csv(["a", "b"], [["x,\"y\"", "1\n2"]]));

    [Fact]
    public void Csv_DisarmsFormulas() => Assert.Equal("a\r\n'=1+1\r\n-1.5\r\n", Exports.Csv(["a"], [["=1+1"], [-1.5]]));
}
