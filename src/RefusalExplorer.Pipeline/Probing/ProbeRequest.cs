using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Reading;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>One experiment as scripts send it (DESIGN "The command line"): the form of a request file and of the HTTP API.</summary>
public sealed record ProbeRequest
{
    /// <summary>A configured name, or the path of a checkpoint folder or GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>; null: as configured.</summary>
    public string? Device { get; init; }

    /// <summary><c>float32</c> or <c>bfloat16</c>; null: as configured.</summary>
    public string? Dtype { get; init; }

    /// <summary>A text.</summary>
    public string? Prompt { get; init; }

    /// <summary>Whether <see cref="Prompt"/> is a user's turn for the chat template.</summary>
    public bool Chat { get; init; }

    /// <summary>A conversation for the chat template.</summary>
    public ImmutableArray<ChatMessage>? Messages { get; init; }

    /// <summary>Ids as they are.</summary>
    public ImmutableArray<int>? TokenIds { get; init; }

    /// <summary>Chat template preset; null: the model's own.</summary>
    public string? Template { get; init; }

    /// <summary>SAE paths by layer; added to the configured ones.</summary>
    public ImmutableSortedDictionary<int, string> Saes { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>How LlamaScope SAEs gate.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary>A safetensors file with <c>direction</c> [D], or the id of a stored direction.</summary>
    public string? Direction { get; init; }

    /// <summary>Ids of P("I"); empty: the model's.</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>The edits, in order.</summary>
    public ImmutableArray<ProbeIntervention> Interventions { get; init; } = [];

    /// <summary>
    /// Any of <c>logits</c>, <c>residual</c>, <c>features</c> (all for the tensors file) and <c>cosine</c>. Features are of each block's output before
    /// the edits at that output, as <c>effects.maxBefore</c> is; a residual <c>l</c> is what block <c>l</c> reads, after all edits before it.
    /// </summary>
    public ImmutableArray<string> Capture { get; init; } = [];

    /// <summary>How many next tokens to list.</summary>
    public int TopLogits { get; init; } = 10;

    /// <summary>What to generate; null: nothing.</summary>
    public ProbeGeneration? Generate { get; init; }
}

/// <summary>One edit of a request.</summary>
public sealed record ProbeIntervention
{
    private readonly ImmutableArray<string>? _features;

    /// <summary><c>ablate</c>, <c>clamp</c>, <c>scale</c>, <c>add</c> or <c>projectOut</c>.</summary>
    public required string Op { get; init; }

    /// <summary>Features as <c>L3-17</c>. An empty list is the control that edits nothing; no list at all is refused where an edit needs one.</summary>
    public ImmutableArray<string> Features
    {
        get => _features ?? [];
        init => _features = value;
    }

    /// <summary>The value of a clamp, the factor of a scale.</summary>
    public double? Value { get; init; }

    /// <summary>What an added direction is multiplied by; 1 if left out.</summary>
    public double? Coefficient { get; init; }

    /// <summary>The block whose input a direction is added to.</summary>
    public int? Layer { get; init; }

    /// <summary><c>"all"</c> or a list of blocks.</summary>
    public JsonElement? Layers { get; init; }

    /// <summary>The tokens touched; all if left out.</summary>
    public string Scope { get; init; } = "all";

    /// <summary>Positions of the scope <c>positions</c>.</summary>
    public ImmutableArray<int>? Positions { get; init; }

    /// <summary>Whether there is a list of features, be it empty.</summary>
    internal bool NamesFeatures => _features is not null;
}

/// <summary>How a request generates.</summary>
public sealed record ProbeGeneration
{
    /// <summary>Most new tokens.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Nucleus mass.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Tokens kept; 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Seed.</summary>
    public int Seed { get; init; }

    /// <summary>Goes on after an end token.</summary>
    public bool IgnoreEos { get; init; }
}

/// <summary>The JSON of requests and answers: camel case, enums as camel-case words, unknown fields refused.</summary>
public static class ProbeJson
{
    /// <summary>Options for answers, and for what is kept; <see cref="Read"/> takes numbers as JSON has them and no others.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        Converters = { new SaeGatingRuleJsonConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    // Answers name the numbers that JSON has not; a request has no use for them.
    private static readonly JsonSerializerOptions Strict = new(StrictJson.Like(Options)) { NumberHandling = JsonNumberHandling.Strict };

    /// <summary>Reads a request.</summary>
    /// <param name="json">The object.</param>
    /// <param name="where">Named in errors.</param>
    /// <exception cref="EngineException">An unknown field, a wrong form, a null where a value is needed, or no model.</exception>
    public static ProbeRequest Read(JsonElement json, string where) => StrictJson.Read<ProbeRequest>(() => JsonSerializer.SerializeToNode(json), Strict, where);
}
