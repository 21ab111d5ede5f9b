using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>A stage of a study; each needs those before it.</summary>
public enum StudyStage
{
    /// <summary>Stage 1, the refusal direction.</summary>
    Direction,

    /// <summary>Stage 1, the top-K candidates of each layer and the smallest K that jailbreaks.</summary>
    Candidates,

    /// <summary>Stage 2, Algorithm 1 and its proof by generation.</summary>
    Prune,

    /// <summary>Stage 3, the factorization machine and what it adds.</summary>
    Interactions,
}

/// <summary>A study as its JSON file says; whatever it leaves out is as the paper has it.</summary>
public sealed record StudyDefinition
{
    /// <summary>Name on pages.</summary>
    public required string Name { get; init; }

    /// <summary>One line for readers.</summary>
    public string Description { get; init; } = "";

    /// <summary>A configured model's name, or the path of a checkpoint.</summary>
    public required string Model { get; init; }

    /// <summary>Device; null: as the model is configured.</summary>
    public string? Device { get; init; }

    /// <summary>Type; null: as the model is configured.</summary>
    public string? Dtype { get; init; }

    /// <summary>Chat template preset; null: as the model is configured.</summary>
    public string? Template { get; init; }

    /// <summary>SAE paths by layer, beside or instead of the configured ones.</summary>
    public ImmutableSortedDictionary<int, string> Saes { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>How LlamaScope SAEs gate; null: as the model is configured.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary>Ids of P("I"); empty: as the model is configured.</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>The last stage to run; those before it run first.</summary>
    public StudyStage Through { get; init; } = StudyStage.Interactions;

    /// <summary>The prompt sets.</summary>
    public required StudySets Sets { get; init; }

    /// <summary>Tokens on which features are ablated (<c>all</c>, <c>allButFirst</c>, …). The first token is an attention sink in every model here.</summary>
    public string Scope { get; init; } = "allButFirst";

    /// <summary>How responses are generated.</summary>
    public StudyGeneration Generation { get; init; } = new();

    /// <summary>How responses are judged.</summary>
    public StudyJudge Judge { get; init; } = new();

    /// <summary>Stage 1, direction.</summary>
    public DirectionStageSettings Direction { get; init; } = new();

    /// <summary>Stage 1, candidates.</summary>
    public CandidateStageSettings Candidates { get; init; } = new();

    /// <summary>Stage 2.</summary>
    public PruneStageSettings Prune { get; init; } = new();

    /// <summary>Stage 3.</summary>
    public InteractionStageSettings Interactions { get; init; } = new();

    /// <summary>Seed of everything that is drawn and has no seed of its own: sampled prompts, random controls.</summary>
    public long Seed { get; init; }

    /// <summary>SHA-256 of what is studied, 16 hexadecimal digits: a journal goes on only under the same one. Name, description and last stage may change.</summary>
    [JsonIgnore]
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        StudyJson.Serialize(this with { Name = "", Description = "", Through = StudyStage.Interactions }))))[..16];

    internal TokenScope TokenScope => TokenScope.Parse(Scope);
}

/// <summary>The prompt sets of a study. In the file each may be a bare name: <c>"harmfulTrain": "demo:harmful_train"</c>.</summary>
public sealed record StudySets
{
    /// <summary>The harmful prompts that are studied.</summary>
    public required PromptSelection Prompts { get; init; }

    /// <summary>Harmful prompts for the means.</summary>
    public PromptSelection? HarmfulTrain { get; init; }

    /// <summary>Harmless prompts for the means.</summary>
    public PromptSelection? HarmlessTrain { get; init; }

    /// <summary>Held-out harmful prompts; null: those of <see cref="HarmfulTrain"/> that the means left.</summary>
    public PromptSelection? HarmfulVal { get; init; }

    /// <summary>Held-out harmless prompts; null: those of <see cref="HarmlessTrain"/> that the means left.</summary>
    public PromptSelection? HarmlessVal { get; init; }

    /// <summary>Harmful prompts of the factorization machine (the paper: AdvBench); null: <see cref="HarmfulTrain"/>.</summary>
    public PromptSelection? InteractionHarmful { get; init; }

    /// <summary>Harmless prompts of the factorization machine (the paper: Alpaca); null: <see cref="HarmlessTrain"/>.</summary>
    public PromptSelection? InteractionHarmless { get; init; }

    /// <summary>Whether a set of that name asks for harm.</summary>
    public static bool IsHarmful(string name) => !name.EndsWith("Harmless", StringComparison.Ordinal) && !name.StartsWith("harmless", StringComparison.Ordinal);
}

/// <summary>Some prompts of a set.</summary>
public sealed record PromptSelection
{
    /// <summary><c>demo:harmful_test</c> and its siblings, or a file's path (CSV, JSON, JSONL or text); <c>splits/harmful_*.json</c> is the union of several.</summary>
    public required string Set { get; init; }

    /// <summary>How a file's rows are laid out.</summary>
    public DatasetFormat Format { get; init; }

    /// <summary>Column of the prompt; null: as the format has it.</summary>
    public string? Column { get; init; }

    /// <summary>Column of the topic; null: as the format has it.</summary>
    public string? CategoryColumn { get; init; }

    /// <summary>Only rows with these values in these columns.</summary>
    public ImmutableSortedDictionary<string, string> Where { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Leaves out prompts that occurred before.</summary>
    public bool Unique { get; init; } = true;

    /// <summary>Only these categories; empty: all.</summary>
    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Prompts passed over.</summary>
    public int Skip { get; init; }

    /// <summary>Prompts taken; null: all.</summary>
    public int? Take { get; init; }

    /// <summary>Shuffles by the study's seed before skipping and taking.</summary>
    public bool Shuffle { get; init; }

    /// <summary>What it takes of a set's prompts.</summary>
    /// <param name="all">The set.</param>
    /// <param name="seed">The study's seed.</param>
    public ImmutableArray<PromptItem> Of(IEnumerable<PromptItem> all, long seed)
    {
        PromptItem[] items = [.. all.Where(i => Categories.IsEmpty || Categories.Contains(i.Category ?? "", StringComparer.OrdinalIgnoreCase))];
        if (Shuffle)
            new SeededRandom(seed).Shuffle<PromptItem>(items);
        return [.. items.Skip(Skip).Take(Take ?? int.MaxValue)];
    }
}
