using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Datasets;

/// <summary>The formats, the more particular before the more general.</summary>
internal static class DatasetSchemas
{
    /// <summary>CoCoNot's rows that the paper's taxonomy is about.</summary>
    public const string SafetyConcerns = "Requests with safety concerns";

    // The paper says "False Information" where the file says "Misinformation".
    private static readonly string[] Taxonomy =
        ["Triggers for Offensive Language", "Dangerous or Sensitive Topics", "False Information", "Privacy Violations", "Copyright Violations"];

    private static readonly string[] PromptColumns =
        ["instruction", "prompt", "goal", "question", "query", "behavior", "forbidden_prompt", "text"];

    private static readonly DatasetSchema[] All =
    [
        new()
        {
            Format = DatasetFormat.HarmBench,
            Signature = ["Behavior", "FunctionalCategory", "SemanticCategory"],
            Instruction = "Behavior", Category = "SemanticCategory", Context = "ContextString", Id = "BehaviorID",
        },
        new()
        {
            Format = DatasetFormat.JailbreakBench,
            Signature = ["Goal", "Target", "Behavior", "Category"],
            Instruction = "Goal", Category = "Category", Target = "Target", Id = "Index",
            Harmful = row => !NameHas(row, "benign"),
        },
        new()
        {
            Format = DatasetFormat.StrongReject,
            Signature = ["forbidden_prompt", "category"],
            Instruction = "forbidden_prompt", Category = "category",
        },
        new()
        {
            Format = DatasetFormat.CoCoNot,
            Signature = ["category", "subcategory", "prompt"],
            Instruction = "prompt", Category = "subcategory", Id = "id", Dropped = ["response"],
            Keep = row => row.Text("category").Trim().Equals(SafetyConcerns, StringComparison.OrdinalIgnoreCase),
            Harmful = row => !NameHas(row, "contrast"),
            CategoryName = PaperCategory,
        },
        new()
        {
            Format = DatasetFormat.XsTest,
            Signature = ["prompt", "type"],
            Instruction = "prompt", Category = "type", Id = "id",
            Harmful = UnsafeLabel,
        },
        new()
        {
            Format = DatasetFormat.Alpaca,
            Signature = ["instruction", "input", "output"],
            Instruction = "instruction", Target = "output",
            Keep = row => string.IsNullOrWhiteSpace(row.Text("input")),
            Harmful = _ => false,
        },
        new()
        {
            Format = DatasetFormat.Pile,
            Signature = ["text", "meta.pile_set_name"],
            Instruction = "text", Category = "meta.pile_set_name",
            Harmful = _ => null,
        },
        new()
        {
            // A category of null is left out of the columns, so that the prompt alone is what every row has.
            Format = DatasetFormat.Splits,
            Signature = ["instruction"],
            Foreign = ["input", "output", "response", "target"],
            Instruction = "instruction", Category = "category",
            Harmful = HarmByName,
        },
        new()
        {
            Format = DatasetFormat.AdvBench,
            Signature = ["goal", "target"],
            Foreign = ["Behavior"],
            Instruction = "goal", Target = "target",
        },
    ];

    /// <summary>The schema of a file, told by its spec and its first row.</summary>
    /// <exception cref="PipelineException">None fits; the message names the columns that are there.</exception>
    public static DatasetSchema Choose(PromptSetSpec spec, DatasetFile file, DatasetRow first)
    {
        Dictionary<string, string> columns = first.Columns!;
        if (spec.Format == DatasetFormat.PlainText || file.IsPlainText)
            return Named(spec with { Format = DatasetFormat.PlainText }, null, JsonColumns.Bare);
        if (spec.Column is { } column)
        {
            return columns.ContainsKey(column)
                ? Named(spec, All.FirstOrDefault(s => s.Instruction == column && s.Fits(columns)), column)
                : throw new PipelineException($"{file.Path}: expected a column '{column}', found {DatasetRow.Names(columns.Keys)}");
        }

        DatasetSchema? schema = spec.Format switch
        {
            DatasetFormat.Auto => All.FirstOrDefault(s => s.Fits(columns)),
            DatasetFormat.PlainText or DatasetFormat.Columns => null,
            _ => All.Single(s => s.Format == spec.Format),
        };
        if (schema is not null && !schema.Signature.All(columns.ContainsKey))
        {
            throw new PipelineException(
                $"{file.Path}: expected {schema.Format} with {string.Join(", ", schema.Signature)}, found {DatasetRow.Names(columns.Keys)}");
        }
        if (schema is null && PromptColumns.FirstOrDefault(columns.ContainsKey) is { } known)
            return Named(spec, null, known);
        return schema ?? throw new PipelineException(
            $"{file.Path}: no known format has the columns {DatasetRow.Names(columns.Keys)}; name the column of the prompts");
    }

    private static DatasetSchema Named(PromptSetSpec spec, DatasetSchema? known, string column) => known ?? new DatasetSchema
    {
        Format = spec.Format == DatasetFormat.Auto ? DatasetFormat.Columns : spec.Format,
        Signature = [column],
        Instruction = column,
        Category = spec.CategoryColumn ?? "category",
        Harmful = HarmByName,
    };

    private static bool NameHas(DatasetRow row, string word) =>
        Path.GetFileName(row.File).Contains(word, StringComparison.OrdinalIgnoreCase);

    private static bool? HarmByName(DatasetRow row) => NameHas(row, "harmless") ? false : NameHas(row, "harmful") ? true : null;

    private static bool? UnsafeLabel(DatasetRow row) => row.Text("label").Trim().ToLowerInvariant() switch
    {
        "safe" => false,
        "unsafe" => true,
        _ => row.Text("type").StartsWith("contrast_", StringComparison.OrdinalIgnoreCase),
    };

    private static string PaperCategory(string name) =>
        name.Equals("misinformation", StringComparison.OrdinalIgnoreCase)
            ? "False Information"
            : Taxonomy.FirstOrDefault(t => t.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;
}
