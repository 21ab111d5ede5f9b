using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>Parts of a study's page.</summary>
public enum StudyView
{
    /// <summary>The result at a glance.</summary>
    Overview,

    /// <summary>Stage 1: direction and candidates.</summary>
    Stage1,

    /// <summary>Stage 2: pruning.</summary>
    Stage2,

    /// <summary>Stage 3: interactions.</summary>
    Stage3,

    /// <summary>All prompts.</summary>
    Prompts,

    /// <summary>The definition, and what reproduces the numbers.</summary>
    Settings,

    /// <summary>Tables, JSONL and the direction, to save.</summary>
    Files,
}

/// <summary>Scores of a direction's candidates.</summary>
public enum DirectionMetric
{
    /// <summary>Refusal score without the direction, on harmful prompts.</summary>
    Bypass,

    /// <summary>Refusal score with it added, on harmless prompts.</summary>
    Induce,

    /// <summary>KL without it, on harmless prompts.</summary>
    Kl,
}

/// <summary>All that the address of a study's page holds.</summary>
public sealed record StudyPageState
{
    /// <summary>The part that is shown.</summary>
    public StudyView View { get; init; }

    /// <summary>1-based prompt whose curves are shown; null: the first that has some.</summary>
    public int? Prompt { get; init; }

    /// <summary>Score of the heat map.</summary>
    public DirectionMetric Metric { get; init; }

    /// <summary>Only prompts that came so far; null: all.</summary>
    public PromptOutcome? Outcome { get; init; }
}

/// <summary>Addresses of the studies' pages.</summary>
public static class StudyUrl
{
    /// <summary>The list.</summary>
    public const string List = "/studies";

    /// <summary>The form.</summary>
    public const string New = "/studies/new";

    /// <summary>The comparison.</summary>
    public const string Compare = "/studies/compare";

    /// <summary>A study's page.</summary>
    public static string Of(string id, StudyPageState? state = null) => $"{List}/{Uri.EscapeDataString(id)}{Query(state ?? new())}";

    /// <summary>A prompt's page.</summary>
    /// <param name="id">The study.</param>
    /// <param name="index">0-based place.</param>
    public static string Prompt(string id, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{List}/{Uri.EscapeDataString(id)}/prompts/{index + 1}");

    /// <summary>The form with another study's settings.</summary>
    public static string Copy(string id) => $"{New}?from={Uri.EscapeDataString(id)}";

    /// <summary>Two studies beside each other.</summary>
    public static string Comparing(string a, string? b) => $"{Compare}?a={Uri.EscapeDataString(a)}{(b is null ? "" : $"&b={Uri.EscapeDataString(b)}")}";

    /// <summary>The state of a query; what cannot be read is as the page opens.</summary>
    public static StudyPageState Read(string query)
    {
        var values = QueryHelpers.ParseQuery(query);
        string? Value(string key) => values.TryGetValue(key, out var value) ? value[0] : null;
        return new StudyPageState
        {
            View = Word<StudyView>(Value("view")) ?? StudyView.Overview,
            Prompt = int.TryParse(Value("prompt"), NumberStyles.None, CultureInfo.InvariantCulture, out int prompt) && prompt > 0 ? prompt : null,
            Metric = Word<DirectionMetric>(Value("metric")) ?? DirectionMetric.Bypass,
            Outcome = Word<PromptOutcome>(Value("outcome")),
        };
    }

    private static string Query(StudyPageState state)
    {
        List<string> parts = [];
        if (state.View != StudyView.Overview)
            parts.Add($"view={Name(state.View)}");
        if (state.Prompt is { } prompt)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"prompt={prompt}"));
        if (state.Metric != DirectionMetric.Bypass)
            parts.Add($"metric={Name(state.Metric)}");
        if (state.Outcome is { } outcome)
            parts.Add($"outcome={Name(outcome)}");
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private static string Name<T>(T word) where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(word.ToString());

    private static T? Word<T>(string? text) where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out T word) && Enum.IsDefined(word) ? word : null;
}
