using System.Text.Json;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.BosClamp;
using RefusalExplorer.Pipeline.Analyses.DoseResponse;
using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class SettingTextTests
{
    private static readonly DoseResponseAnalysis Dose = new();

    [Fact]
    public void EnteredSettings_ReachTheAnalysis_TheOthersKeepTheirDefaults()
    {
        JsonElement? json = SettingText.Read(SettingField.Of(Dose), new Dictionary<string, string> { ["operation"] = "clampToMaximum", ["doses"] = "0; 0.5 2" });

        var settings = (DoseResponseSettings)Dose.ReadSettings(json);
        Assert.Equal(DoseKind.ClampToMaximum, settings.Operation);
        Assert.Equal([0, 0.5, 2], settings.Doses);
        Assert.Null(SettingText.Read(SettingField.Of(Dose), new Dictionary<string, string>()));
    }

    [Fact]
    public void Texts_AreOneALine()
    {
        var analysis = new BosClampAnalysis();
        JsonElement? json = SettingText.Read(SettingField.Of(analysis), new Dictionary<string, string> { ["prompts"] = "Hello, you\n\n Again \n" });

        Assert.Equal(["Hello, you", "Again"], ((BosClampSettings)analysis.ReadSettings(json)).Prompts);
    }

    [Fact]
    public void NoNumber_IsSaid()
    {
        PipelineException e = Assert.Throws<PipelineException>(() =>
            SettingText.Read(SettingField.Of(Dose), new Dictionary<string, string> { ["doses"] = "0, many" }));
        Assert.Contains("'many' is no number", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryDefault_IsReadBackAsItself()
    {
        foreach (IAnalysis analysis in (IAnalysis[])[Dose, new BosClampAnalysis()])
        {
            foreach (SettingField field in SettingField.Of(analysis))
                Assert.Null(SettingText.Read([field], new Dictionary<string, string> { [field.Name] = SettingText.Default(field) }));
        }
    }

    [Fact]
    public void Choices_AreWords() => Assert.Equal("clamp to maximum", SettingText.Words("clampToMaximum"));
}
