using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace RefusalExplorer.Web.Analyses;

/// <summary>The form as a query string: only what differs from what the page opens with.</summary>
public static class AnalysisUrl
{
    /// <summary>Longest query; servers and proxies refuse longer addresses.</summary>
    public const int Longest = 6000;

    private const char Separator = '~';
    private const string SettingPrefix = "x.";

    /// <summary>The query, with its question mark, or empty for the default.</summary>
    public static string Write(AnalysisForm form)
    {
        AnalysisForm usual = new();
        var parts = new List<string>();
        void AddIf(bool differs, string key, string value)
        {
            if (differs)
                parts.Add($"{key}={Escape(value)}");
        }
        AddIf(form.Model != usual.Model, "m", form.Model);
        AddIf(form.First != usual.First, "s", Set(form.First));
        AddIf(form.Second != usual.Second, "s2", Set(form.Second));
        AddIf(form.Harmful != usual.Harmful, "harmful", Prompts(form.Harmful));
        AddIf(form.Harmless != usual.Harmless, "harmless", Prompts(form.Harmless));
        AddIf(form.Scope != usual.Scope, "scope", form.Scope);
        AddIf(form.MaxNewTokens != usual.MaxNewTokens, "n", Number(form.MaxNewTokens));
        AddIf(form.Seed != usual.Seed, "seed", Number(form.Seed));
        foreach ((string name, string value) in form.Settings)
            AddIf(true, SettingPrefix + name, value);
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    /// <summary>The form of a query. What cannot be read is left as the page opens, and said.</summary>
    public static AnalysisForm Read(string query, out ImmutableArray<string> problems)
    {
        var said = ImmutableArray.CreateBuilder<string>();
        AnalysisForm form = new();
        foreach ((string key, StringValues values) in QueryHelpers.ParseQuery(query))
        {
            try
            {
                form = Read(form, key, values[0] ?? "");
            }
            catch (FormatException e)
            {
                said.Add($"address, {key}={values[0]}: {e.Message}; left as it was");
            }
        }
        problems = said.ToImmutable();
        return form;
    }

    private static AnalysisForm Read(AnalysisForm form, string key, string value) => key switch
    {
        "m" => form with { Model = value },
        "s" => form with { First = Set(value) },
        "s2" => form with { Second = Set(value) },
        "harmful" => form with { Harmful = Prompts(value) },
        "harmless" => form with { Harmless = Prompts(value) },
        "scope" => form with { Scope = value },
        "n" => form with { MaxNewTokens = Whole(value) },
        "seed" => form with { Seed = Whole(value) },
        _ when key.StartsWith(SettingPrefix, StringComparison.Ordinal) => form with { Settings = form.Settings.SetItem(key[SettingPrefix.Length..], value) },
        _ => form, // Others' parameters are none of ours.
    };

    private static string Set(SetChoice choice) => choice.Source switch
    {
        SetSource.Suggested => $"top{Separator}{Number(choice.TopK)}",
        SetSource.Study => $"study{Separator}{choice.Set}{Separator}{choice.Text}",
        _ => $"{choice.Source.ToString().ToLowerInvariant()}{Separator}{choice.Text}",
    };

    private static SetChoice Set(string text)
    {
        string[] parts = text.Split(Separator, 2);
        string rest = parts.Length > 1 ? parts[1] : "";
        switch (parts[0])
        {
            case "top":
                return new SetChoice { TopK = Whole(rest) };
            case "study" when rest.Split(Separator, 2) is [var name, var id] && Enum.TryParse(name, out StudySet set) && Enum.IsDefined(set):
                return new SetChoice { Source = SetSource.Study, Set = set, Text = id };
            case "pasted":
                return new SetChoice { Source = SetSource.Pasted, Text = rest };
            case "explore":
                return new SetChoice { Source = SetSource.Explore, Text = rest };
            case "run":
                return new SetChoice { Source = SetSource.Run, Text = rest };
            default:
                throw new FormatException("expected top~5, pasted~L12-5,L14-9, study~Minimal~id, explore~link or run~id");
        }
    }

    private static string Prompts(PromptChoice choice) => string.Join(
        Separator, choice.Origin.ToString().ToLowerInvariant(), choice.Take is { } take ? Number(take) : "", choice.Value);

    private static PromptChoice Prompts(string text) =>
        text.Split(Separator, 3) is [var origin, var take, var value] && Enum.TryParse(origin, ignoreCase: true, out PromptOrigin known) && Enum.IsDefined(known)
            ? new PromptChoice { Origin = known, Take = take.Length == 0 ? null : Whole(take), Value = value }
            : throw new FormatException("expected set~20~harmful_test, own~~text, file~20~path, study~~ or run~~id");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static int Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
        ? value
        : throw new FormatException("expected a whole number");

    // Commas, colons and slashes are allowed in a query, and addresses are read by people.
    private static string Escape(string value) => Uri.EscapeDataString(value)
        .Replace("%2C", ",", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal)
        .Replace("%2F", "/", StringComparison.Ordinal).Replace("%20", "+", StringComparison.Ordinal);
}
