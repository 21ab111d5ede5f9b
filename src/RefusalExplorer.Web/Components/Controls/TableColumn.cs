using System.Collections;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>A column of a table.</summary>
/// <param name="Key">Its name in exports.</param>
/// <param name="Name">Its heading.</param>
/// <param name="Value">What is sorted by and exported.</param>
public sealed record TableColumn<TRow>(string Key, string Name, Func<TRow, object?> Value)
{
    /// <summary>Shown on hover over the heading.</summary>
    public string? Help { get; init; }

    /// <summary>Whether it stands at the right.</summary>
    public bool IsNumber { get; init; } = true;

    /// <summary>How it is written; null: as numbers and words are.</summary>
    public Func<TRow, string>? Text { get; init; }

    /// <summary>How it is shown; null: as <see cref="Text"/> says.</summary>
    public RenderFragment<TRow>? Cell { get; init; }

    /// <summary>Whether it is in exports alone.</summary>
    public bool ExportOnly { get; init; }

    /// <summary>Whether it holds buttons and the like, which are not exported.</summary>
    public bool ShowOnly { get; init; }

    internal string Write(TRow row) => Text is not null ? Text(row) : Value(row) switch
    {
        null => "–",
        double d => Numbers.Brief(d),
        float f => Numbers.Brief(f),
        bool b => b ? "yes" : "no",
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        var other => other.ToString() ?? "",
    };

    /// <summary>Compares values: numbers by size, others by their order, nothing last.</summary>
    internal static IComparer ByValue { get; } = Comparer<object?>.Create((a, b) => (a, b) switch
    {
        (null, null) => 0,
        (null, _) => 1,
        (_, null) => -1,
        (string x, string y) => string.CompareOrdinal(x, y),
        (IComparable x, _) when x.GetType() == b.GetType() => x.CompareTo(b),
        _ => Convert.ToDouble(a, CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(b, CultureInfo.InvariantCulture)),
    });
}
