using System.Collections.Immutable;
using System.Globalization;

namespace RefusalExplorer.Web.Charts;

/// <summary>What a chart shows, without saying how it is drawn: made by pure builders, drawn by <c>Chart.razor</c>.</summary>
public sealed record Figure
{
    /// <summary>Lines, points, bars or one heat map.</summary>
    public ImmutableArray<Series> Series { get; init; } = [];

    /// <summary>The horizontal axis.</summary>
    public AxisSpec X { get; init; } = new();

    /// <summary>The vertical axis.</summary>
    public AxisSpec Y { get; init; } = new();

    /// <summary>Whether the legend is shown.</summary>
    public bool Legend { get; init; } = true;

    /// <summary>Whether bars of several series stand beside each other or on each other.</summary>
    public bool Stacked { get; init; }

    /// <summary>Upright lines through the whole plot.</summary>
    public ImmutableArray<Rule> Rules { get; init; } = [];

    /// <summary>One sentence that says what there is to see, for those who cannot see it.</summary>
    public required string Description { get; init; }

    /// <inheritdoc/>
    public bool Equals(Figure? other) =>
        other is not null && Description == other.Description && Legend == other.Legend && Stacked == other.Stacked &&
        X == other.X && Y == other.Y && Rules.SequenceEqual(other.Rules) && Series.SequenceEqual(other.Series);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Description, Series.Length, X, Y);
}

/// <summary>An upright line.</summary>
/// <param name="At">Where on the horizontal axis.</param>
/// <param name="Text">Written at its top, or empty.</param>
/// <param name="Role">What it stands for.</param>
/// <param name="Dashed">Whether it is dashed.</param>
public sealed record Rule(double At, string Text, SeriesRole Role = SeriesRole.Accent, bool Dashed = false);

/// <summary>An axis.</summary>
public sealed record AxisSpec
{
    /// <summary>Its name with the unit.</summary>
    public string Title { get; init; } = "";

    /// <summary>Least and largest value shown, or null to fit the data.</summary>
    public (double From, double To)? Range { get; init; }

    /// <summary>Whether it is logarithmic.</summary>
    public bool Log { get; init; }

    /// <summary>Whether its values are names.</summary>
    public bool Category { get; init; }

    /// <summary>Number format of the ticks (d3), or null.</summary>
    public string? TickFormat { get; init; }

    /// <summary>Places that are named, instead of numbers; empty for numbers.</summary>
    public ImmutableArray<(double At, string Text)> Ticks { get; init; } = [];

    /// <summary>Up to so large a count Plotly names halves of one.</summary>
    public const int SmallCount = 5;

    /// <summary>0 to <paramref name="last"/>, each named; none where they are more than <paramref name="most"/>, whose ticks Plotly makes whole by itself.</summary>
    public static ImmutableArray<(double At, string Text)> Whole(int last, int most = SmallCount) =>
        last > most ? [] : [.. Enumerable.Range(0, last + 1).Select(i => ((double)i, i.ToString(CultureInfo.InvariantCulture)))];

    /// <inheritdoc/>
    public bool Equals(AxisSpec? other) =>
        other is not null && Title == other.Title && Range == other.Range && Log == other.Log && Category == other.Category &&
        TickFormat == other.TickFormat && Ticks.SequenceEqual(other.Ticks);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Title, Range, Log, Category, TickFormat, Ticks.Length);
}

/// <summary>What a series stands for; the theme gives the colour.</summary>
public enum SeriesRole
{
    /// <summary>The next colour of the palette.</summary>
    Other,

    /// <summary>Without edits.</summary>
    Baseline,

    /// <summary>With edits.</summary>
    Intervened,

    /// <summary>A control.</summary>
    Control,

    /// <summary>Something to look at.</summary>
    Accent,
}

/// <summary>How a series is drawn.</summary>
public enum SeriesKind
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line with its points.</summary>
    LineWithPoints,

    /// <summary>Points.</summary>
    Points,

    /// <summary>Bars.</summary>
    Bars,

    /// <summary>Horizontal bars.</summary>
    BarsAcross,

    /// <summary>A heat map of <see cref="Series.Z"/>.</summary>
    Heat,
}

/// <summary>Values of a chart. x and y are numbers or names.</summary>
public sealed record Series
{
    /// <summary>In the legend.</summary>
    public required string Name { get; init; }

    /// <summary>How it is drawn.</summary>
    public SeriesKind Kind { get; init; } = SeriesKind.Line;

    /// <summary>What it stands for.</summary>
    public SeriesRole Role { get; init; }

    /// <summary>Horizontal values: <see cref="double"/>, <see cref="int"/> or <see cref="string"/>.</summary>
    public ImmutableArray<object> X { get; init; } = [];

    /// <summary>Vertical values.</summary>
    public ImmutableArray<object> Y { get; init; } = [];

    /// <summary>Rows of a heat map, bottom first.</summary>
    public ImmutableArray<ImmutableArray<double?>> Z { get; init; } = [];

    /// <summary>Largest absolute value of a heat map's colours, or null to fit; with <see cref="Diverging"/> the scale is symmetric.</summary>
    public double? ZMax { get; init; }

    /// <summary>Whether zero is the middle of a heat map's colours.</summary>
    public bool Diverging { get; init; }

    /// <summary>Upper error of each value (distance from it), or empty.</summary>
    public ImmutableArray<double> ErrorPlus { get; init; } = [];

    /// <summary>Lower error of each value (distance from it), or empty.</summary>
    public ImmutableArray<double> ErrorMinus { get; init; } = [];

    /// <summary>Whether the errors of a line are a band around it instead of bars.</summary>
    public bool Band { get; init; }

    /// <summary>Size of each point in pixels, or empty.</summary>
    public ImmutableArray<double> Sizes { get; init; } = [];

    /// <summary>Shown on hover instead of the values, one for each point, or empty.</summary>
    public ImmutableArray<string> Hover { get; init; } = [];

    /// <summary>Whether the line is dashed.</summary>
    public bool Dashed { get; init; }

    /// <summary>What each point or bar stands for, where they differ; empty: all as <see cref="Role"/> says.</summary>
    public ImmutableArray<SeriesRole> PointRoles { get; init; } = [];

    /// <summary>Whether points are open rings in the colour of text, to mark cells of a heat map.</summary>
    public bool Ring { get; init; }

    /// <summary>Number format (d3) of the values written into a heat map's cells, or null for none.</summary>
    public string? CellFormat { get; init; }

    /// <summary>A series of numbers.</summary>
    public static ImmutableArray<object> Of(IEnumerable<double> values) => [.. values.Select(v => (object)v)];

    /// <summary>A series of names.</summary>
    public static ImmutableArray<object> Of(IEnumerable<string> values) => [.. values.Select(v => (object)v)];

    /// <inheritdoc/>
    public bool Equals(Series? other) =>
        other is not null && Name == other.Name && Kind == other.Kind && Role == other.Role && Dashed == other.Dashed && Band == other.Band &&
        Ring == other.Ring && CellFormat == other.CellFormat && PointRoles.SequenceEqual(other.PointRoles) &&
        ZMax == other.ZMax && Diverging == other.Diverging && X.SequenceEqual(other.X) && Y.SequenceEqual(other.Y) &&
        Z.Length == other.Z.Length && Z.Zip(other.Z).All(z => z.First.SequenceEqual(z.Second)) &&
        ErrorPlus.SequenceEqual(other.ErrorPlus) && ErrorMinus.SequenceEqual(other.ErrorMinus) && Sizes.SequenceEqual(other.Sizes) && Hover.SequenceEqual(other.Hover);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Kind, Role, X.Length, Y.Length, Z.Length);
}
