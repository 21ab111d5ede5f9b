namespace RefusalExplorer.Web.Theme;

/// <summary>Colours of charts; hues are told apart by colour-blind readers (Okabe and Ito).</summary>
public sealed record ChartPalette
{
    /// <summary>Behind everything; transparent, so that the panel shows.</summary>
    public const string Paper = "rgba(0,0,0,0)";

    public required string Text { get; init; }

    public required string Muted { get; init; }

    public required string Grid { get; init; }

    public required string Baseline { get; init; }

    public required string Intervened { get; init; }

    public required string Control { get; init; }

    public required string Accent { get; init; }

    /// <summary>Further series, in order.</summary>
    public required IReadOnlyList<string> Series { get; init; }

    // The hues of Series that are the fixed colours again, or so near that a reader takes one for the other.
    private Dictionary<string, int[]> Near => new()
    {
        [Baseline] = [0, 5],
        [Intervened] = [1],
        [Accent] = [2],
        [Control] = [6],
    };

    /// <summary>Colours for further series of a chart that has some of the fixed ones: first those that are like none of them, last those that are.</summary>
    public string[] Beside(IEnumerable<string?> taken)
    {
        HashSet<int> alike = [.. taken.OfType<string>().Distinct().SelectMany(c => Near[c])];
        return [.. Enumerable.Range(0, Series.Count).OrderBy(alike.Contains).Select(i => Series[i])];
    }

    public static ChartPalette Light { get; } = new()
    {
        Text = "#1d2733",
        Muted = "#55616f",
        Grid = "#e3e7ec",
        Baseline = "#0b63a5",
        Intervened = "#b84a00",
        Control = "#6b7480",
        Accent = "#0b6e6e",
        Series = ["#0b63a5", "#b84a00", "#00785a", "#a3457a", "#8a6d00", "#2f7fb8", "#55616f"],
    };

    public static ChartPalette Dark { get; } = new()
    {
        Text = "#e4e9ef",
        Muted = "#9aa6b4",
        Grid = "#2a333e",
        Baseline = "#62b0ee",
        Intervened = "#f59a52",
        Control = "#98a3b0",
        Accent = "#4cc2b8",
        Series = ["#62b0ee", "#f59a52", "#3fc39b", "#e08fbd", "#e3c14d", "#9ad0f5", "#98a3b0"],
    };
}
