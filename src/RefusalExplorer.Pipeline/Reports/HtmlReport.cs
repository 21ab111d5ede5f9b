using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using PromptSelection = RefusalExplorer.Pipeline.Analyses.Requests.PromptSelection;

namespace RefusalExplorer.Pipeline.Reports;

/// <summary>
/// A study and its analyses as one HTML file that opens offline and prints: charts as SVG, tables, records and hashes, and a style sheet of its own. It
/// has no script and loads nothing. Prompts and responses are withheld unless asked for.
/// </summary>
public sealed class HtmlReport(AnalysisCatalog catalog)
{
    private const string Withheld = "withheld";

    /// <summary>Rows of a table that are shown; the rest is in the CSV files.</summary>
    private const int MostRows = 200;

    /// <summary>Characters of a cell that are shown unfolded: a set of fifty features would fill the page for each of a hundred draws.</summary>
    private const int MostCell = 200, FoldedCell = 100;

    /// <summary>The file's text.</summary>
    public string Write(ReportContent content)
    {
        AnalysisResult[] analyses = [.. catalog.All.Select(a => content.Analyses.LastOrDefault(r => r.Analysis == a.Info.Id)).OfType<AnalysisResult>()];
        StringBuilder html = new();
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .Append($"<title>{Text(content.Title)}</title><style>{ReportStyle.Css}</style></head><body><main><h1>{Text(content.Title)}</h1>")
            .Append($"<p class=\"made\">Made {content.MadeAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC by RefusalExplorer. ")
            .Append(content.IncludeText ? "Prompts and responses are written out; they may be harmful.</p>" : "Harmful prompts and the responses to them are withheld.</p>");
        html.Append("<nav><ul>");
        if (content.Study is not null)
            html.Append("<li><a href=\"#study\">Study</a></li>");
        foreach (AnalysisResult result in analyses)
            html.Append($"<li><a href=\"#{Text(result.Analysis)}\">{Text(catalog.Get(result.Analysis).Info.Title)}</a></li>");
        html.Append("</ul></nav>");
        if (content.Study is { } study)
            Study(html, content, study);
        foreach (AnalysisResult result in analyses)
            Analysis(html, content, result);
        return html.Append("</main></body></html>\n").ToString();
    }

    private static void Study(StringBuilder html, ReportContent content, StudyResult study)
    {
        html.Append($"<section id=\"study\"><h2>Study {Text(study.Study.Name)}</h2><p>{Text(study.Study.Description)}</p>");
        if (study.Direction is { } direction)
            html.Append($"<p>Direction: {Text(direction.Hook)}, position {direction.Position}; {Text(direction.Source)}; id <code>{Text(direction.Id)}</code>.</p>");
        foreach (string note in study.Notes)
            html.Append($"<p>{Text(note)}</p>");
        if (study.HumanNote is { } people)
            html.Append($"<p class=\"read\">{Text(people)}</p>");
        foreach (AnalysisChart chart in StudySections.Charts(study))
            Chart(html, chart);
        foreach (AnalysisTable table in StudySections.Tables(study, content.Prompts))
            Table(html, table, content.IncludeText);
        Details(html, "Definition and record", StudyJson.Serialize(study.Study, indented: true), JsonSerializer.Serialize(study.Model, StudyJson.Indented));
        html.Append("</section>");
    }

    private void Analysis(StringBuilder html, ReportContent content, AnalysisResult result)
    {
        AnalysisInfo info = catalog.Get(result.Analysis).Info;
        html.Append($"<section id=\"{Text(info.Id)}\"><h2>{Text(info.Title)}</h2><p class=\"question\">{Text(info.Question)}</p><p class=\"paper\">Paper: {Text(info.Paper)}</p><ul>");
        foreach (string finding in result.Output.Findings)
            html.Append($"<li>{Text(finding)}</li>");
        html.Append($"</ul><p class=\"read\">{Text(info.HowToRead)}</p>");
        foreach (AnalysisChart chart in result.Output.Charts)
            Chart(html, chart);
        foreach (AnalysisTable table in result.Output.Tables.Where(t => t.Rows.Length > 0))
            Table(html, table, content.IncludeText);
        AnalysisRequest request = content.IncludeText ? result.Request : Redact(result.Request);
        // A report is passed on: hashes say what was used, and where it lies on this machine is nobody else's business.
        RunRecord record = result.Record with { ModelPath = null, SaePaths = ImmutableSortedDictionary<int, string>.Empty };
        Details(html, $"Record of run {result.RunId}", JsonSerializer.Serialize(record, AnalysisJson.Options), JsonSerializer.Serialize(request, AnalysisJson.Options));
        html.Append("</section>");
    }

    private static void Chart(StringBuilder html, AnalysisChart chart) =>
        html.Append($"<figure tabindex=\"0\"><figcaption>{Text(chart.Title)}</figcaption>{SvgChart.Draw(chart)}</figure>");

    private static void Table(StringBuilder html, AnalysisTable table, bool includeText)
    {
        html.Append($"<h3>{Text(table.Title)}</h3><div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
        foreach (TableColumn column in table.Columns)
            html.Append($"<th{(IsNumber(column) ? " class=\"n\"" : "")}>{Text(column.Name)}</th>");
        html.Append("</tr></thead><tbody>");
        foreach (ImmutableArray<Cell> row in table.Rows.Take(MostRows))
        {
            html.Append("<tr>");
            for (int c = 0; c < row.Length; c++)
            {
                bool sensitive = table.Columns[c].Kind == ColumnKind.Sensitive;
                string shown = AnalysisTable.Show(row[c], table.Columns[c].Kind);
                html.Append(sensitive && !includeText && !row[c].IsEmpty
                    ? $"<td class=\"withheld\">{Withheld}</td>"
                    : $"<td{Class(table.Columns[c], row[c])}>{(sensitive ? Text(shown) : Folded(shown))}</td>");
            }
            html.Append("</tr>");
        }
        html.Append("</tbody></table></div>");
        if (table.Rows.Length > MostRows)
            html.Append($"<p class=\"more\">{MostRows} of {table.Rows.Length} rows; the CSV file has all of them.</p>");
    }

    // Cut between words.
    private static string Folded(string text) => text.Length <= MostCell
        ? Text(text)
        : $"<details class=\"cell\"><summary>{Text(text[..(text.LastIndexOf(' ', FoldedCell) is > 0 and var cut ? cut : FoldedCell)])} …</summary>{Text(text)}</details>";

    private static void Details(StringBuilder html, string title, params string[] jsons)
    {
        html.Append($"<details><summary>{Text(title)}</summary>");
        foreach (string json in jsons)
            html.Append($"<pre>{Text(json)}</pre><p class=\"hash\">SHA-256 {Hash(json)}</p>");
        html.Append("</details>");
    }

    /// <summary>Prompts become their hashes, so that equal ones are still known as equal.</summary>
    private static AnalysisRequest Redact(AnalysisRequest request) => request with
    {
        Harmful = Redact(request.Harmful),
        Harmless = Redact(request.Harmless),
        Sets = [.. request.Sets.Select(s => s with { ByPrompt = s.ByPrompt.ToImmutableSortedDictionary(p => Name(p.Key), p => p.Value, StringComparer.Ordinal) })],
    };

    private static PromptSelection? Redact(PromptSelection? prompts) => prompts is null ? null : prompts with
    {
        Items = [.. prompts.Items.Select(p => p with { Instruction = Name(p.Instruction), Context = p.Context is null ? null : Name(p.Context) })],
    };

    private static string Name(string text) => $"sha256:{Hash(text)[..16]}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // A feature's name is one word, though it has a hyphen; a list of many gets room, or a phone shows one a line.
    private static string Class(TableColumn column, Cell cell) =>
        IsNumber(column) ? " class=\"n\""
        : column.Kind == ColumnKind.Feature && cell.Text is { Length: <= 12 } ? " class=\"f\""
        : cell.Text is { Length: > 60 } ? " class=\"w\""
        : "";

    private static bool IsNumber(TableColumn column) => column.Kind is ColumnKind.Number or ColumnKind.Count or ColumnKind.Share;

    private static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");
}
