using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>All answers with their annotator and time, for other tools.</summary>
public static class HumanStudyExport
{
    /// <summary>Long form: a row for each label of each answer, "None" too.</summary>
    /// <exception cref="PipelineException">The study is not closed.</exception>
    public static AnalysisTable LongForm(HumanStudyState state) => AnalysisTable.Of("answers", "Answers",
        [
            new("study", ColumnKind.Text), new("item", ColumnKind.Text), new("kind", ColumnKind.Text), new("feature", ColumnKind.Feature),
            new("group", ColumnKind.Text), new("repeat of", ColumnKind.Text), new("activation labels", ColumnKind.Text),
            new("annotator number", ColumnKind.Count), new("annotator", ColumnKind.Text), new("label", ColumnKind.Text), new("at", ColumnKind.Text),
            new("seconds"), new("position", ColumnKind.Count), new("revision", ColumnKind.Count),
        ],
        Answers(state).SelectMany(a => (a.Answer.Labels.IsEmpty ? [HumanStudy.None] : a.Answer.Labels.AsEnumerable()).Select(label => (IEnumerable<Cell>)
        [
            state.Study.Id, a.Item.Id, Kind(a.Item), a.Item.Feature?.ToString(), a.Item.Group, a.Item.RepeatOf,
            a.Item.Labels.IsEmpty ? HumanStudy.None : string.Join("; ", a.Item.Labels), a.Annotator.Number, a.Annotator.Name, label, Time(a.Answer.At),
            a.Answer.Seconds, a.Position, a.Answer.Revisions,
        ])));

    /// <summary>JSON lines: an object for each answer.</summary>
    /// <exception cref="PipelineException">The study is not closed.</exception>
    public static string JsonLines(HumanStudyState state)
    {
        StringBuilder lines = new();
        foreach ((StudyItem item, Annotator annotator, StudyAnswer answer, int position) in Answers(state))
        {
            JsonObject line = new()
            {
                ["study"] = state.Study.Id,
                ["item"] = item.Id,
                ["kind"] = Kind(item),
                ["feature"] = item.Feature?.ToString(),
                ["group"] = item.Group,
                ["repeatOf"] = item.RepeatOf,
                ["activationLabels"] = new JsonArray([.. item.Labels.Select(l => JsonValue.Create(l))]),
                ["annotatorNumber"] = annotator.Number,
                ["annotator"] = annotator.Name,
                ["labels"] = new JsonArray([.. answer.Labels.Select(l => JsonValue.Create(l))]),
                ["at"] = Time(answer.At),
                ["seconds"] = answer.Seconds,
                ["position"] = position,
                ["revision"] = answer.Revisions,
            };
            lines.Append(line.ToJsonString(Options)).Append('\n');
        }
        return lines.ToString();
    }

    private static readonly JsonSerializerOptions Options = new() { Encoder = AnalysisJson.Compact.Encoder };

    private static IEnumerable<(StudyItem Item, Annotator Annotator, StudyAnswer Answer, int Position)> Answers(HumanStudyState state)
    {
        if (!state.Closed)
            throw new PipelineException($"human study '{state.Study.Title}': its answers are hidden until it is closed");
        return
            from annotator in state.Roster.Annotators
            let positions = AnnotationOrder.For(state.Study, annotator.Number).Index().ToDictionary(i => i.Item.Id, i => i.Index + 1)
            from answer in state.Sheet(annotator.Number).Answers()
            select (state.Study.Items.First(i => i.Id == answer.Item), annotator, answer, positions[answer.Item]);
    }

    private static string Kind(StudyItem item) => item.Kind.ToString().ToLowerInvariant();

    private static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
