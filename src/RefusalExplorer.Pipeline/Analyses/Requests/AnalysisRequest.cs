using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Pipeline.Analyses.Requests;

/// <summary>A named set of features: the same for every prompt, or each prompt its own.</summary>
public sealed record AnalysisFeatureSet
{
    /// <summary>Its name on charts (<c>stage 2</c>).</summary>
    public string Name { get; init; } = "features";

    /// <summary>Features for prompts without a set of their own.</summary>
    public ImmutableArray<FeatureId> Features { get; init; } = [];

    /// <summary>A prompt's own set, by its instruction (the paper's M_s).</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<FeatureId>> ByPrompt { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<FeatureId>>(StringComparer.Ordinal);

    /// <summary>The set of a prompt.</summary>
    public ImmutableArray<FeatureId> For(string instruction) => ByPrompt.TryGetValue(instruction, out ImmutableArray<FeatureId> own) ? own : Features;

    /// <summary>All features of all prompts, ascending.</summary>
    public ImmutableArray<FeatureId> Union() => [.. ByPrompt.Values.SelectMany(f => f).Concat(Features).Distinct().Order()];
}

/// <summary>A prompt of a request.</summary>
public sealed record AnalysisPrompt
{
    /// <summary>The user's message.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>Its topic, or null.</summary>
    public string? Category { get; init; }

    /// <summary>Its data set, or null.</summary>
    public string? DataSet { get; init; }

    /// <summary>What a contextual behaviour refers to (HarmBench), or null.</summary>
    public string? Context { get; init; }

    /// <summary>Ids instead of the instruction, for models without a tokenizer.</summary>
    public ImmutableArray<int>? TokenIds { get; init; }

    /// <summary>What the model is told: the context first, if there is one.</summary>
    [JsonIgnore]
    public string Message => Context is null ? Instruction : $"{Context}\n\n---\n\n{Instruction}";

    /// <summary>Names the prompt in tables.</summary>
    [JsonIgnore]
    public string Key => TokenIds is { } ids && Instruction.Length == 0 ? string.Join(' ', ids) : Instruction;
}

/// <summary>Which prompts to use: an embedded set, files, or the prompts themselves.</summary>
public sealed record PromptSelection
{
    /// <summary>An embedded set (<c>demo:harmful_test</c>), or a file's path (CSV, JSON, JSONL or text).</summary>
    public string? Set { get; init; }

    /// <summary>How a file's rows are laid out.</summary>
    public DatasetFormat Format { get; init; }

    /// <summary>Column of the prompt; null: as the format has it.</summary>
    public string? Column { get; init; }

    /// <summary>Column of the topic; null: as the format has it.</summary>
    public string? CategoryColumn { get; init; }

    /// <summary>Only rows of a file with these values in these columns.</summary>
    public ImmutableSortedDictionary<string, string> Where { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The prompts themselves.</summary>
    public ImmutableArray<AnalysisPrompt> Items { get; init; } = [];

    /// <summary>Prompts to take, spread evenly over the set; null: the analysis' own number.</summary>
    public int? Take { get; init; }
}

/// <summary>What to analyse. Everything but the model may be left out; the demo model then runs on its own prompts and a default set.</summary>
public sealed record AnalysisRequest
{
    /// <summary>A configured model's name, or the path of a checkpoint.</summary>
    public string Model { get; init; } = "demo";

    /// <summary>What is otherwise than the model's settings, or null.</summary>
    public ModelChanges? Changes { get; init; }

    /// <summary>A hand-made set; the short form of one entry of <see cref="Sets"/>.</summary>
    public ImmutableArray<FeatureId> Features { get; init; } = [];

    /// <summary>Feature sets; most analyses use the first. Empty: the top features by cosine to the refusal direction.</summary>
    public ImmutableArray<AnalysisFeatureSet> Sets { get; init; } = [];

    /// <summary>Prompts that ask for harm.</summary>
    public PromptSelection? Harmful { get; init; }

    /// <summary>Prompts that do not.</summary>
    public PromptSelection? Harmless { get; init; }

    /// <summary>Path of a direction file or of a study's <c>direction</c> folder, or a stored direction's id; null: the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>Tokens on which features are edited.</summary>
    public string Scope { get; init; } = "allButFirst";

    /// <summary>Most new tokens of a response.</summary>
    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Rows that run together.</summary>
    public int RowsAtOnce { get; init; } = 16;

    /// <summary>Seed of everything random.</summary>
    public long Seed { get; init; }

    /// <summary>The analysis' own settings.</summary>
    public JsonElement? Settings { get; init; }

    /// <summary>The study that the sets come from, or null.</summary>
    public string? Study { get; init; }
}
