using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Pipeline.Analyses.Results;

/// <summary>One cell of a table: a number, a text, or nothing.</summary>
/// <param name="Number">The number, or null.</param>
/// <param name="Text">The text, or null.</param>
[JsonConverter(typeof(CellJsonConverter))]
public readonly record struct Cell(double? Number, string? Text)
{
    /// <summary>Nothing: not measured, or undefined.</summary>
    public static Cell Empty => default;

    /// <summary>Whether there is nothing.</summary>
    public bool IsEmpty => Number is null && Text is null;

    /// <summary>A number; one that is not finite is <see cref="Empty"/>.</summary>
    public static implicit operator Cell(double value) => double.IsFinite(value) ? new(value, null) : default;

    /// <summary>A number, or nothing.</summary>
    public static implicit operator Cell(double? value) => value is { } v ? (Cell)v : default;

    /// <summary>A text.</summary>
    public static implicit operator Cell(string? value) => new(null, value);

    /// <summary>The number with every digit that matters, or the text: the form of CSV files.</summary>
    public override string ToString() => Number?.ToString("R", CultureInfo.InvariantCulture) ?? Text ?? "";
}

/// <summary>Cells are JSON numbers, strings or null.</summary>
internal sealed class CellJsonConverter : JsonConverter<Cell>
{
    public override bool HandleNull => true;

    public override Cell Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number => reader.GetDouble(),
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Null => Cell.Empty,
        _ => throw new JsonException("expected a number, a string or null as a table's cell"),
    };

    public override void Write(Utf8JsonWriter writer, Cell value, JsonSerializerOptions options)
    {
        if (value.Number is { } number)
            writer.WriteNumberValue(number);
        else if (value.Text is { } text)
            writer.WriteStringValue(text);
        else
            writer.WriteNullValue();
    }
}
