using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>Annotations in long form, as statistics want them: a row for each label; one without a label for notes alone.</summary>
/// <param name="Model">A configured model's name.</param>
/// <param name="Sae">Fingerprint of the SAE.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Annotator">Who.</param>
/// <param name="Label">The label, or empty.</param>
/// <param name="Confidence">0–1, or null.</param>
/// <param name="Notes">Notes; the same in all rows of an annotation.</param>
/// <param name="At">UTC time.</param>
/// <param name="Revision">Of a history: 1 for what the annotator said of the feature first.</param>
/// <param name="UndoneAt">Of a history: UTC time at which it was taken back, or null.</param>
public sealed record AnnotationRow(
    string Model, string Sae, string Feature, string Annotator, string Label, double? Confidence, string Notes, DateTimeOffset At,
    [property: JsonPropertyName("revision"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Revision = null,
    [property: JsonPropertyName("undone_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? UndoneAt = null)
{
    /// <summary>Names of the columns.</summary>
    public static ImmutableArray<string> Columns { get; } = ["model", "sae", "feature", "annotator", "label", "confidence", "notes", "at"];

    /// <summary>Names of the columns of a history.</summary>
    public static ImmutableArray<string> HistoryColumns { get; } = [.. Columns, "revision", "undone_at"];

    /// <summary>The values in the order of <see cref="HistoryColumns"/>, which begin as <see cref="Columns"/> do; times in ISO 8601.</summary>
    public IEnumerable<object?> Values => [Model, Sae, Feature, Annotator, Label, Confidence, Notes, Time(At), Revision, UndoneAt is { } undone ? Time(undone) : null];

    /// <summary>The rows of some annotations.</summary>
    public static IEnumerable<AnnotationRow> Of(IEnumerable<Annotation> annotations) => annotations.SelectMany(a =>
        (a.Labels.IsEmpty ? [""] : a.Labels).Select(label => new AnnotationRow(
            a.Key.Model, a.Key.Sae, a.Key.Feature.ToString(), a.Key.Annotator, label, a.Confidence, a.Notes, a.At.ToUniversalTime())));

    /// <summary>The rows of a history: all that was ever said, with what was withdrawn or undone.</summary>
    public static IEnumerable<AnnotationRow> Of(IEnumerable<AnnotationRevision> history) => history.SelectMany(
        r => Of([r.Annotation]).Select(row => row with { Revision = r.Number, UndoneAt = r.UndoneAt?.ToUniversalTime() }));

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
