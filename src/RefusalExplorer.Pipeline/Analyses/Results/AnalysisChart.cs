using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Pipeline.Analyses.Results;

/// <summary>A chart as pure data. Pages hand it to Plotly, reports draw it as SVG; neither computes anything.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(LineChart), "line")]
[JsonDerivedType(typeof(BarChart), "bar")]
[JsonDerivedType(typeof(HeatMapChart), "heatMap")]
[JsonDerivedType(typeof(DistributionChart), "distribution")]
public abstract record AnalysisChart
{
    /// <summary>Id within the result (<c>cosine</c>).</summary>
    public required string Id { get; init; }

    /// <summary>Heading.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis is.</summary>
    public string XTitle { get; init; } = "";

    /// <summary>What the vertical axis is.</summary>
    public string YTitle { get; init; } = "";
}

/// <summary>What a series stands for. It keeps its colour and dash on every chart.</summary>
public enum SeriesRole
{
    /// <summary>No fixed role; colours go round.</summary>
    Other,

    /// <summary>Without edits.</summary>
    Baseline,

    /// <summary>With the features edited.</summary>
    Features,

    /// <summary>With the direction projected out.</summary>
    Direction,

    /// <summary>A random control.</summary>
    Control,
}

/// <summary>A line with points, and an interval around each if there is one.</summary>
public sealed record LineSeries
{
    /// <summary>Its name in the legend.</summary>
    public required string Name { get; init; }

    /// <summary>Horizontal values, ascending.</summary>
    public required ImmutableArray<double> X { get; init; }

    /// <summary>Vertical values; NaN leaves a gap.</summary>
    public required ImmutableArray<double> Y { get; init; }

    /// <summary>Lower ends, or empty.</summary>
    public ImmutableArray<double> Low { get; init; } = [];

    /// <summary>Upper ends, or empty.</summary>
    public ImmutableArray<double> High { get; init; } = [];

    /// <summary>What it stands for.</summary>
    public SeriesRole Role { get; init; }

    /// <summary>Whether it is dashed: harmless prompts beside harmful ones of the same role.</summary>
    public bool Dashed { get; init; }
}

/// <summary>Lines over a common numeric axis.</summary>
public sealed record LineChart : AnalysisChart
{
    /// <summary>The lines.</summary>
    public required ImmutableArray<LineSeries> Series { get; init; }

    /// <summary>Fixed ends of the vertical axis (0 and 1 for probabilities), or null.</summary>
    public double? YMin { get; init; }

    /// <summary>Upper end.</summary>
    public double? YMax { get; init; }

    /// <summary>A vertical line at this place (the layer that the direction was read at), or null.</summary>
    public double? Marker { get; init; }

    /// <summary>What the vertical line is.</summary>
    public string? MarkerText { get; init; }
}

/// <summary>A group of bars.</summary>
public sealed record BarSeries
{
    /// <summary>Its name in the legend.</summary>
    public required string Name { get; init; }

    /// <summary>One value for each category; NaN for none.</summary>
    public required ImmutableArray<double> Values { get; init; }

    /// <summary>Lower ends, or empty.</summary>
    public ImmutableArray<double> Low { get; init; } = [];

    /// <summary>Upper ends, or empty.</summary>
    public ImmutableArray<double> High { get; init; } = [];

    /// <summary>What it stands for.</summary>
    public SeriesRole Role { get; init; }
}

/// <summary>Bars by category, groups side by side.</summary>
public sealed record BarChart : AnalysisChart
{
    /// <summary>Categories.</summary>
    public required ImmutableArray<string> Categories { get; init; }

    /// <summary>Groups.</summary>
    public required ImmutableArray<BarSeries> Series { get; init; }

    /// <summary>Whether groups lie on each other.</summary>
    public bool Stacked { get; init; }

    /// <summary>Whether values are shares from 0 to 1.</summary>
    public bool Shares { get; init; }
}

/// <summary>A heat map or a matrix.</summary>
public sealed record HeatMapChart : AnalysisChart
{
    /// <summary>Columns, left to right.</summary>
    public required ImmutableArray<string> Columns { get; init; }

    /// <summary>Rows, top to bottom.</summary>
    public required ImmutableArray<string> Rows { get; init; }

    /// <summary>Values by row; NaN for none.</summary>
    public required ImmutableArray<ImmutableArray<double>> Values { get; init; }

    /// <summary>Whether colours go both ways from 0.</summary>
    public bool Diverging { get; init; }

    /// <summary>Value of the strongest colour, or null for the largest.</summary>
    public double? Max { get; init; }
}

/// <summary>One strip of draws with the value that is compared with them.</summary>
public sealed record Distribution
{
    /// <summary>What was drawn.</summary>
    public required string Name { get; init; }

    /// <summary>The draws.</summary>
    public required ImmutableArray<double> Draws { get; init; }

    /// <summary>Written beside the strip (a p-value).</summary>
    public string Note { get; init; } = "";
}

/// <summary>Random draws, and where the value of interest lies among them.</summary>
public sealed record DistributionChart : AnalysisChart
{
    /// <summary>Strips, top to bottom.</summary>
    public required ImmutableArray<Distribution> Groups { get; init; }

    /// <summary>The value of interest, drawn through all strips.</summary>
    public required double Value { get; init; }

    /// <summary>What it is.</summary>
    public required string ValueName { get; init; }

    /// <summary>A second line for reference (the baseline), or null.</summary>
    public double? Reference { get; init; }

    /// <summary>What that is.</summary>
    public string? ReferenceName { get; init; }
}
