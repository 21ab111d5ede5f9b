using System.Text.Json;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A JSON value as columns: objects inside are written <c>meta.pile_set_name</c>, arrays as their JSON text, null is left out.</summary>
internal static class JsonColumns
{
    /// <summary>Column that a bare string goes into.</summary>
    public const string Bare = "instruction";

    /// <summary>The row of a value; broken if it is neither an object nor a string.</summary>
    public static DatasetRow Row(string file, long line, JsonElement value)
    {
        Dictionary<string, string> columns = DatasetRow.NewColumns();
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                Add(columns, "", value);
                return new DatasetRow(file, line) { Columns = columns };
            case JsonValueKind.String:
                columns[Bare] = value.GetString()!;
                return new DatasetRow(file, line) { Columns = columns };
            default:
                return DatasetRow.Unreadable(file, line, "an object or a text", Describe(value));
        }
    }

    private static void Add(Dictionary<string, string> columns, string prefix, JsonElement value)
    {
        foreach (JsonProperty property in value.EnumerateObject())
        {
            string name = prefix + property.Name;
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Add(columns, name + ".", property.Value);
                    break;
                case JsonValueKind.Null:
                    break;
                case JsonValueKind.String:
                    columns[name] = property.Value.GetString()!;
                    break;
                default:
                    columns[name] = property.Value.GetRawText();
                    break;
            }
        }
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "a truth value",
        _ => "a number",
    };
}
