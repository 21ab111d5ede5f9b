using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;

namespace RefusalExplorer.Pipeline.Analyses;

/// <summary>How a setting is entered.</summary>
public enum SettingKind
{
    /// <summary>Yes or no.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>One of some words.</summary>
    Choice,

    /// <summary>Numbers, or texts one a line.</summary>
    List,
}

/// <summary>One setting of an analysis, read off its settings record, so that every form is made the same way.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Label">Its name on pages.</param>
/// <param name="Help">One sentence.</param>
/// <param name="Kind">How it is entered.</param>
/// <param name="Default">Its default, as JSON.</param>
/// <param name="Choices">The words of a choice.</param>
/// <param name="IsTextList">Whether a list holds texts.</param>
public sealed record SettingField(
    string Name, string Label, string Help, SettingKind Kind, JsonElement Default, ImmutableArray<string> Choices, bool IsTextList)
{
    /// <summary>The settings of an analysis.</summary>
    public static ImmutableArray<SettingField> Of(IAnalysis analysis)
    {
        object defaults = analysis.ReadSettings(null);
        JsonElement values = JsonSerializer.SerializeToElement(defaults, analysis.SettingsType, AnalysisJson.Options);
        return
        [
            .. from property in analysis.SettingsType.GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.CanWrite
               let display = property.GetCustomAttribute<DisplayAttribute>()
               let name = JsonNamingPolicy.CamelCase.ConvertName(property.Name)
               let value = values.TryGetProperty(name, out JsonElement given) ? given : default
               select new SettingField(name, display?.Name ?? property.Name, display?.Description ?? "", KindOf(property.PropertyType), value,
                   property.PropertyType.IsEnum ? [.. Enum.GetNames(property.PropertyType).Select(JsonNamingPolicy.CamelCase.ConvertName)] : [],
                   property.PropertyType == typeof(ImmutableArray<string>)),
        ];
    }

    private static SettingKind KindOf(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            _ when plain == typeof(bool) => SettingKind.Flag,
            _ when plain == typeof(int) || plain == typeof(long) => SettingKind.Whole,
            _ when plain == typeof(double) => SettingKind.Number,
            _ when plain.IsEnum => SettingKind.Choice,
            _ when plain == typeof(string) => SettingKind.Text,
            _ => SettingKind.List,
        };
    }
}
