using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;

namespace RefusalExplorer.Web.Features;

/// <summary>A search and the selected feature as a query string: only what differs from what the page opens with.</summary>
public static class FeatureQueryUrl
{
    private const char Between = '~';

    /// <summary>The query, with its question mark, or empty for the default.</summary>
    public static string Write(FeatureQuery query, FeatureId? selected = null)
    {
        var usual = new FeatureQuery();
        (bool Differs, string Key, string Value)[] parts =
        [
            (query.Model != usual.Model, "m", query.Model),
            (query.Direction is not null, "dir", query.Direction ?? ""),
            (!query.Layers.IsEmpty, "layers", string.Join(',', query.Layers)),
            (!query.Cosine.IsOpen, "cos", Write(query.Cosine)),
            (!query.Density.IsOpen, "density", Write(query.Density)),
            (query.Text.Length > 0, "q", query.Text),
            (query.Label.Length > 0, "label", query.Label),
            (query.Annotator.Length > 0, "by", query.Annotator),
            (query.Study.Length > 0, "study", query.Study),
            ((query.Order, query.Descending) != (usual.Order, usual.Descending), "sort", (query.Descending ? "-" : "") + query.Order.ToString().ToLowerInvariant()),
            (selected is not null, "f", selected?.ToString() ?? ""),
        ];
        string written = string.Join('&', parts.Where(p => p.Differs).Select(p => $"{p.Key}={Escape(p.Value)}"));
        return written.Length == 0 ? "" : "?" + written;
    }

    /// <summary>The search of a query. What cannot be read is left as the page opens, and said.</summary>
    public static (FeatureQuery Query, FeatureId? Selected, ImmutableArray<string> Problems) Read(string query)
    {
        var said = ImmutableArray.CreateBuilder<string>();
        var read = new FeatureQuery();
        FeatureId? selected = null;
        foreach ((string key, StringValues values) in QueryHelpers.ParseQuery(query))
        {
            string value = values[0] ?? "";
            try
            {
                if (key == "f")
                    selected = FeatureId.Parse(value);
                else
                    read = Read(read, key, value);
            }
            catch (Exception e) when (e is FormatException or EngineException or OverflowException)
            {
                said.Add($"address, {key}={value}: {e.Message}; left as it was");
            }
        }
        return (read, selected, said.ToImmutable());
    }

    private static FeatureQuery Read(FeatureQuery query, string key, string value) => key switch
    {
        "m" => query with { Model = value },
        "dir" => query with { Direction = value },
        "layers" => query with { Layers = [.. value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Layer).Distinct().Order()] },
        "cos" => query with { Cosine = ReadBounds(value) },
        "density" => query with { Density = ReadBounds(value) },
        "q" => query with { Text = value },
        "label" => query with { Label = value },
        "by" => query with { Annotator = value },
        "study" => query with { Study = value },
        "sort" => Enum.TryParse(value.TrimStart('-'), ignoreCase: true, out FeatureOrder order) && Enum.IsDefined(order)
            ? query with { Order = order, Descending = value.StartsWith('-') }
            : throw new FormatException("expected feature, cosine, density or max, with - before it for the largest first"),
        _ => query, // Others' parameters are none of ours.
    };

    private static string Write(Bounds bounds) => $"{Number(bounds.From)}{Between}{Number(bounds.To)}";

    private static Bounds ReadBounds(string text) => text.Split(Between) is [var from, var to]
        ? new Bounds(Number(from), Number(to))
        : throw new FormatException("expected two numbers with ~ between, either may be missing");

    private static string Number(float? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static float? Number(string text) => text.Length == 0
        ? null
        : float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
            ? value
            : throw new FormatException($"'{text}' is no number");

    private static int Layer(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
        ? layer
        : throw new FormatException($"'{text}' is no layer");

    private static string Escape(string value) => Uri.EscapeDataString(value)
        .Replace("%2C", ",", StringComparison.Ordinal).Replace("%20", "+", StringComparison.Ordinal);
}
