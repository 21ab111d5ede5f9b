using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class AnalysisUrlTests
{
    [Fact]
    public void Defaults_NeedNoQuery() => Assert.Equal("", AnalysisUrl.Write(new AnalysisForm()));

    [Fact]
    public void EveryField_ComesBack()
    {
        var form = new AnalysisForm
        {
            Model = "gemma",
            First = new SetChoice { Source = SetSource.Study, Set = StudySet.AddedOfAll, Text = "my-study-1" },
            Second = new SetChoice { Source = SetSource.Pasted, Text = "L1-2, L3-4" },
            Harmful = new PromptChoice { Origin = PromptOrigin.Own, Value = "a~b\nc & d", Take = 3 },
            Harmless = new PromptChoice { Origin = PromptOrigin.File, Value = "/data/x.csv" },
            Scope = "all",
            MaxNewTokens = 64,
            Seed = 7,
            Settings = new AnalysisForm().Settings.Add("doses", "0, 1"),
        };

        string url = AnalysisUrl.Write(form);

        AnalysisForm read = AnalysisUrl.Read(url, out var problems);
        Assert.Empty(problems);
        Assert.Equal(url, AnalysisUrl.Write(read));
        Assert.Equal(form with { Settings = read.Settings }, read);
        Assert.Equal(form.Settings, read.Settings);
    }

    [Fact]
    public void WhatCannotBeRead_IsSaid_AndLeft()
    {
        AnalysisForm form = AnalysisUrl.Read("?s=nonsense&seed=-1&n=9", out var problems);

        Assert.Equal(2, problems.Length);
        Assert.Equal(new SetChoice(), form.First);
        Assert.Equal(9, form.MaxNewTokens);
    }
}
