using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Saes;

/// <summary>An SAE's JSON configuration, read field by field; a field of the wrong kind is one clear line.</summary>
internal sealed class SaeJson
{
    private readonly string _path;
    private readonly JsonElement _root;

    private SaeJson(string path, JsonElement root) => (_path, _root) = (path, root);

    /// <exception cref="CheckpointFormatException">The file is not a JSON object.</exception>
    public static SaeJson Read(string path)
    {
        using JsonDocument document = CheckpointJson.ParseFile(path);
        return new SaeJson(path, document.RootElement.Clone());
    }

    /// <summary>The object below a field, empty where there is none.</summary>
    public SaeJson Section(string name) => Find(name) is { ValueKind: JsonValueKind.Object } section
        ? new SaeJson(_path, section)
        : new SaeJson(_path, JsonElement.Parse("{}"));

    public JsonElement? Find(string name) =>
        _root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => String(name, value),
        { } value => throw Wrong(name, "a string", value),
    };

    // A lone surrogate ("\ud83d") is JSON, and no text.
    private string? String(string name, JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            throw Wrong(name, "a string of whole characters", value);
        }
    }

    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True or JsonValueKind.False } value => value.GetBoolean(),
        { } value => throw Wrong(name, "true or false", value),
    };

    public double? Number(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        { } value => throw Wrong(name, "a number", value),
    };

    public int? Count(string name) => Number(name) switch
    {
        null => null,
        >= 0 and <= int.MaxValue and double value when value == Math.Floor(value) => (int)value,
        _ => throw Wrong(name, "a whole number", Find(name)!.Value),
    };

    public int Size(string name) => Count(name) switch
    {
        > 0 and int size => size,
        null => throw Missing(name, "a whole number above 0"),
        _ => throw Wrong(name, "a whole number above 0", Find(name)!.Value),
    };

    public double Positive(string name) => Number(name) switch
    {
        > 0 and double value => value,
        null => throw Missing(name, "a number above 0"),
        _ => throw Wrong(name, "a number above 0", Find(name)!.Value),
    };

    public CheckpointFormatException Missing(string name, string expected) => new(_path, $"missing, expected {expected}", name);

    public CheckpointFormatException Wrong(string name, string expected, JsonElement found) =>
        new(_path, $"expected {expected}, found {Kind(found)}", name);

    public CheckpointFormatException Wrong(string name, string expected) => Wrong(name, expected, Find(name) ?? default);

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => element.GetRawText(),
    };
}
