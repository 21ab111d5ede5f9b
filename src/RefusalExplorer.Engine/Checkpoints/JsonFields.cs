using System.Text.Json;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Typed fields of a JSON configuration; null and missing are the same. Every refusal names the file and the field.</summary>
internal sealed class JsonFields(string path, JsonElement json)
{
    internal string Path => path;

    internal string? Text(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.String ? Whole(name, value) : throw Wrong(name, value, "a string")
        : null;

    internal bool? Flag(string name) => Find(name) is { } value
        ? value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, value, "true or false")
        : null;

    /// <summary>A finite number above 0.</summary>
    internal double? Positive(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number > 0 && double.IsFinite(number)
            ? number
            : throw Wrong(name, value, "a number above 0")
        : null;

    /// <summary>A whole number from 1 to 16,777,216.</summary>
    internal int? Count(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number is > 0 and <= 1 << 24
            ? number
            : throw Wrong(name, value, "a whole number from 1 to 16777216")
        : null;

    /// <summary>As <see cref="Count"/>, where there is no default.</summary>
    internal int Require(string name) => Count(name) ?? throw new CheckpointFormatException(path, "missing, expected a whole number", name);

    /// <summary>One id or a list of them; empty where missing.</summary>
    internal IReadOnlyList<int> Ids(string name)
    {
        if (Find(name) is not { } value)
            return [];
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. items.Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out int id) && id >= 0 ? id : throw Wrong(name, value, "token ids"))];
    }

    internal IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(i => i.ValueKind != JsonValueKind.String))
            throw Wrong(name, value, "a list of strings");
        return [.. value.EnumerateArray().Select(i => Whole(name, i))];
    }

    // A lone surrogate ("\ud83d") is JSON, and no text.
    private string Whole(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(name, value, "a string of whole characters");
        }
    }

    internal JsonFields? Section(string name) => Find(name) is { } value
        ? value.ValueKind == JsonValueKind.Object ? new JsonFields(path, value) : throw Wrong(name, value, "an object")
        : null;

    internal bool Has(string name) => Find(name) is not null;

    /// <summary>Whether the field is written, be it as null.</summary>
    internal bool Names(string name) => json.TryGetProperty(name, out _);

    internal CheckpointFormatException Refuse(string name, string problem) => new(path, problem, name);

    private JsonElement? Find(string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private CheckpointFormatException Wrong(string name, JsonElement value, string expected)
    {
        string raw = value.GetRawText().ReplaceLineEndings(" ");
        return Refuse(name, $"{(raw.Length > 80 ? raw[..80] + "…" : raw)}, expected {expected}");
    }
}
