using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class TableViewTests
{
    private static readonly AnalysisTable Table = AnalysisTable.Of("t", "T",
        [new("feature", ColumnKind.Feature), new("value"), new("word", ColumnKind.Text)],
        [["L12-5", 2.0, "b"], ["L2-7", Cell.Empty, "=1+1"], ["L2-30", 10.0, "a"]]);

    [Fact]
    public void Numbers_SortLargestFirst_ThenTheOtherWay_EmptyLast()
    {
        TableView view = new TableView().SortBy(1, number: true);
        Assert.Equal(["L2-30", "L12-5", "L2-7"], Names(view));
        Assert.Equal(["L12-5", "L2-30", "L2-7"], Names(view.SortBy(1, number: true)));
    }

    [Fact]
    public void Features_SortByLayerThenIndex() => Assert.Equal(["L2-7", "L2-30", "L12-5"], Names(new TableView().SortBy(0, number: false)));

    [Fact]
    public void Note_SaysHowManyAreShown_AndWhy()
    {
        Assert.Equal("3 rows", new TableView().Note(Table));
        Assert.Equal("1 of 3 shown; hidden by the filter", new TableView { Filter = "l12" }.Note(Table));
        Assert.Equal("2 of 3 shown; the rest on request", new TableView { Most = 2 }.Note(Table));
    }

    [Fact]
    public void Export_HoldsExactlyWhatIsShown_WithFormulasDisarmed()
    {
        string csv = new TableView { Filter = "L2-" }.SortBy(1, number: true).Apply(Table).ToCsv();

        Assert.Equal("feature,value,word\r\nL2-30,10,a\r\nL2-7,,'=1+1\r\n", csv);
    }

    private static IEnumerable<string?> Names(TableView view) => view.Apply(Table).Rows.Select(r => r[0].Text);
}
