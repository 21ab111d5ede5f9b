using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Web.Charts.Analyses;

/// <summary>A feature that woke, on one prompt.</summary>
/// <param name="Prompt">1-based number of the prompt.</param>
/// <param name="Round">Round of the hydra; −1 for a dormant feature of the set itself.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Layer">Its layer.</param>
/// <param name="Position">Token where it fires strongest.</param>
/// <param name="Place">Where that token stands.</param>
/// <param name="Strength">Activation of a dormant feature; push towards refusal of a head.</param>
/// <param name="Probability">P("I") of the round; null for a dormant feature of the set.</param>
public sealed record Waking(int Prompt, int Round, string Feature, int Layer, int Position, string Place, double Strength, double? Probability);

/// <summary>The hydra: which features wake at which token and layer, and how strongly, round by round.</summary>
public static class HydraFigures
{
    private const double Smallest = 6;
    private const double Largest = 22;

    /// <summary>All wakings of a result.</summary>
    public static ImmutableArray<Waking> Read(AnalysisOutput output) =>
    [
        .. Rows(output, "wakes", (t, r) => new Waking(
            Whole(t, r, "prompt"), -1, Text(t, r, "feature"), Whole(t, r, "layer"), Whole(t, r, "position"), Text(t, r, "place"), Number(t, r, "activation"), null)),
        .. Rows(output, "growth", (t, r) => new Waking(
            Whole(t, r, "prompt"), Whole(t, r, "round"), Text(t, r, "feature"), Whole(t, r, "layer"), Whole(t, r, "position"), Text(t, r, "place"), Number(t, r, "push"), Number(t, r, "P(\"I\")"))),
    ];

    /// <summary>The map of a prompt up to a round: earlier heads grey, the round's own in colour, dormant features of the set in a third.</summary>
    public static Figure Map(ImmutableArray<Waking> wakings, int prompt, int round)
    {
        Waking[] own = [.. wakings.Where(w => w.Prompt == prompt)];
        Waking[] set = [.. own.Where(w => w.Round < 0)], earlier = [.. own.Where(w => w.Round >= 0 && w.Round < round)], now = [.. own.Where(w => w.Round == round)];
        return new Figure
        {
            Description = $"Prompt {prompt}, round {round}: {now.Length} heads grew, {earlier.Length} before; {set.Length} dormant features of the set woke",
            X = new AxisSpec { Title = "token position" },
            Y = new AxisSpec { Title = "layer" },
            Series =
            [
                Points("heads of earlier rounds", SeriesRole.Control, earlier, "push"),
                Points($"heads of round {round}", SeriesRole.Intervened, now, "push"),
                Points("dormant features of the set", SeriesRole.Accent, set, "activation"),
            ],
        };
    }

    private static Series Points(string name, SeriesRole role, Waking[] wakings, string measure)
    {
        double most = wakings.Select(w => w.Strength).DefaultIfEmpty(1).Max();
        return new Series
        {
            Name = name,
            Kind = SeriesKind.Points,
            Role = role,
            X = Series.Of(wakings.Select(w => (double)w.Position)),
            Y = Series.Of(wakings.Select(w => (double)w.Layer)),
            // Area by strength, so that twice as strong looks twice as large.
            Sizes = [.. wakings.Select(w => Smallest + ((Largest - Smallest) * Math.Sqrt(most > 0 ? w.Strength / most : 0)))],
            Hover = [.. wakings.Select(w => FormattableString.Invariant($"{w.Feature}<br>token {w.Position}, {w.Place}<br>{measure} {w.Strength:0.###}"))],
        };
    }

    private static IEnumerable<Waking> Rows(AnalysisOutput output, string id, Func<AnalysisTable, ImmutableArray<Cell>, Waking> read) =>
        output.Tables.FirstOrDefault(t => t.Id == id) is { } table ? table.Rows.Select(r => read(table, r)) : [];

    private static Cell At(AnalysisTable table, ImmutableArray<Cell> row, string column) => row[table.IndexOf(column)];

    private static int Whole(AnalysisTable table, ImmutableArray<Cell> row, string column) => (int)Number(table, row, column);

    private static double Number(AnalysisTable table, ImmutableArray<Cell> row, string column) => At(table, row, column).Number ?? 0;

    private static string Text(AnalysisTable table, ImmutableArray<Cell> row, string column) => At(table, row, column).Text ?? "";
}
