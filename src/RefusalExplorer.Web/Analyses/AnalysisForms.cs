using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Forms that begin with what an earlier analysis was asked.</summary>
public static class AnalysisForms
{
    /// <summary>The form that asks the same again: sets and prompts as in the run, its settings where they fit.</summary>
    /// <param name="run">The run.</param>
    /// <param name="analysis">What the form is for; another analysis keeps its own settings.</param>
    public static AnalysisForm Of(StoredAnalysis run, IAnalysis analysis)
    {
        AnalysisRequest request = run.Request;
        return new AnalysisForm
        {
            Model = request.Model,
            First = Set(run, 0),
            Second = Set(run, 1),
            Harmful = Prompts(run, request.Harmful),
            Harmless = Prompts(run, request.Harmless),
            Scope = request.Scope,
            MaxNewTokens = request.MaxNewTokens,
            Seed = (int)Math.Clamp(request.Seed, 0, int.MaxValue),
            Settings = run.Analysis == analysis.Info.Id && request.Settings is { ValueKind: JsonValueKind.Object } settings
                ? Settings(analysis, settings)
                : new AnalysisForm().Settings,
        };
    }

    private static SetChoice Set(StoredAnalysis run, int place) =>
        run.Request.Sets.Length > place ? new SetChoice { Source = SetSource.Run, Text = run.Header.Id } : new SetChoice();

    private static PromptChoice Prompts(StoredAnalysis run, PromptSelection? selection) =>
        selection is null ? new PromptChoice() : new PromptChoice { Origin = PromptOrigin.Run, Value = run.Header.Id };

    private static ImmutableSortedDictionary<string, string> Settings(IAnalysis analysis, JsonElement settings)
    {
        var entered = new AnalysisForm().Settings;
        foreach (SettingField field in SettingField.Of(analysis))
        {
            string text = settings.TryGetProperty(field.Name, out JsonElement value) ? SettingText.Show(field, value) : "";
            if (text != SettingText.Default(field))
                entered = entered.SetItem(field.Name, text);
        }
        return entered;
    }
}
