using System.Collections.Immutable;
using Microsoft.AspNetCore.WebUtilities;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Runs;

/// <summary>Which runs the Runs page shows; all of it is in the address.</summary>
/// <param name="Text">Words that title, id or model must hold, in any order.</param>
/// <param name="Kind">Kind, or empty for all.</param>
/// <param name="Status">Status, or null for all.</param>
/// <param name="Shown">Most rows.</param>
public sealed record RunFilter(string Text = "", string Kind = "", RunStatus? Status = null, int Shown = RunFilter.Step)
{
    /// <summary>Rows shown at first, and added at a time.</summary>
    public const int Step = 50;

    /// <summary>Headers read from the store at most.</summary>
    public const int MostRead = 2000;

    /// <summary>The runs that match, in the order given.</summary>
    public ImmutableArray<RunHeader> Apply(IEnumerable<RunHeader> runs)
    {
        string[] words = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return
        [
            .. runs.Where(r =>
                (Kind.Length == 0 || r.Kind == Kind) && (Status is null || r.Status == Status) &&
                words.All(w => $"{r.Title} {r.Id} {r.Model} {r.Reason}".Contains(w, StringComparison.OrdinalIgnoreCase))),
        ];
    }

    /// <summary>The filter as a query, empty where it shows all.</summary>
    public string ToQuery()
    {
        var values = new Dictionary<string, string?>();
        if (Text.Length > 0)
            values["q"] = Text;
        if (Kind.Length > 0)
            values["kind"] = Kind;
        if (Status is { } status)
            values["status"] = status.ToString().ToLowerInvariant();
        return QueryHelpers.AddQueryString("", values);
    }

    /// <summary>The filter of a query; what is not known is left out.</summary>
    public static RunFilter FromQuery(string query)
    {
        var values = QueryHelpers.ParseQuery(query);
        string Value(string key) => values.TryGetValue(key, out var v) ? v.ToString() : "";
        return new RunFilter(
            Value("q"), Value("kind"),
            Enum.TryParse(Value("status"), ignoreCase: true, out RunStatus status) && Enum.IsDefined(status) ? status : null);
    }
}
