using System.Text.Json;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Features;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class FeatureExportsTests
{
    private static readonly FeatureRow[] Rows =
    [
        new() { Place = 0, Feature = new(20, 7), Cosine = 0.5, Density = 0.01, Max = 12, Labels = [("Legal", 2), ("Misc.", 1)], Explanation = "=1+1, \"law\"", FiresOn = ["law"] },
        new() { Place = 1, Feature = new(8, 1) },
    ];

    [Fact]
    public void Csv_HasARowAFeature_InTheirOrder_AndRunsNoFormula()
    {
        string[] lines = FeatureExports.Csv(Rows).TrimEnd().Split("\r\n");

        Assert.Equal("feature,layer,index,cosine,density,max_activation,labels,explanation,fires_on,raises", lines[0]);
        Assert.Equal("L20-7,20,7,0.5,0.01,12,Legal; Misc.,\"'=1+1, \"\"law\"\"\",law,", lines[1]);
        Assert.Equal("L8-1,8,1,,,,,,,", lines[2]);
    }

    [Fact]
    public void Json_SaysHowManyOfHowMany()
    {
        using JsonDocument json = JsonDocument.Parse(FeatureExports.JsonOf(new FeatureQuery { Layers = [8, 20] }, 30_720, Rows));

        Assert.Equal(2, json.RootElement.GetProperty("shown").GetInt32());
        Assert.Equal(30_720, json.RootElement.GetProperty("of").GetInt32());
        Assert.Equal("?layers=8,20", json.RootElement.GetProperty("search").GetString());
        Assert.Equal(["L20-7", "L8-1"], json.RootElement.GetProperty("features").EnumerateArray().Select(f => f.GetProperty("feature").GetString()));
        Assert.False(json.RootElement.GetProperty("features")[1].TryGetProperty("cosine", out _));
    }
}
