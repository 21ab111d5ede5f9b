using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>What a prompt is made from: messages through the chat template, plain text, or ids.</summary>
public sealed record PromptSource
{
    /// <summary>A conversation, rendered by the template.</summary>
    public ImmutableArray<ChatMessage> Messages { get; init; } = [];

    /// <summary>Text without a template.</summary>
    public string? Text { get; init; }

    /// <summary>Ids as they are.</summary>
    public ImmutableArray<int>? TokenIds { get; init; }

    /// <summary>The user's latest message, or null where there is no conversation.</summary>
    [JsonIgnore]
    public string? UserMessage => Messages.LastOrDefault(m => m.Role == "user")?.Content;

    /// <summary>A user's instruction, with a system prompt if one is given.</summary>
    public static PromptSource User(string instruction, string? system = null) => new()
    {
        Messages = string.IsNullOrEmpty(system)
            ? [new ChatMessage("user", instruction)]
            : [new ChatMessage("system", system), new ChatMessage("user", instruction)],
    };
}

/// <summary>The runs of one experiment, in the order in which pages show them.</summary>
public enum Arm
{
    /// <summary>The prompt without edits.</summary>
    Baseline,

    /// <summary>The prompt with the edits.</summary>
    Intervened,

    /// <summary>The prompt with as many random features a layer, under the same operation.</summary>
    RandomControl,

    /// <summary>A harmless prompt without edits.</summary>
    BenignBaseline,

    /// <summary>The harmless prompt with the edits: what they cost.</summary>
    BenignIntervened,
}

/// <summary>One experiment of the Explore page: a prompt, edits, and the controls that go with them.</summary>
public sealed record ExperimentRequest
{
    /// <summary>A configured model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The prompt.</summary>
    public required PromptSource Prompt { get; init; }

    /// <summary>The edits.</summary>
    public ImmutableArray<Intervention> Interventions { get; init; } = [];

    /// <summary>A harmless prompt to run beside it, or null.</summary>
    public PromptSource? Benign { get; init; }

    /// <summary>Whether random features of the same number a layer run as a control.</summary>
    public bool RandomControl { get; init; } = true;

    /// <summary>Features recorded on each token for the inspector, beside those edited.</summary>
    public ImmutableArray<FeatureId> Inspect { get; init; } = [];

    /// <summary>Stored direction to compare the residual with; null: the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>How tokens are drawn.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>How many next tokens to list.</summary>
    public int TopLogits { get; init; } = 10;

    /// <summary>Seed of the random control.</summary>
    public int ControlSeed { get; init; }
}

/// <summary>A token with its text and vocabulary piece.</summary>
public sealed record TokenView(int Id, string Text, string Piece, bool IsSpecial);

/// <summary>A next token with its probability.</summary>
public sealed record TokenLogit(int Id, string Text, double Logit, double Probability);

/// <summary>What one arm gave.</summary>
public sealed record ArmResult
{
    /// <summary>Which run.</summary>
    public required Arm Arm { get; init; }

    /// <summary>The prompt's tokens.</summary>
    public required ImmutableArray<TokenView> PromptTokens { get; init; }

    /// <summary>P("I"): softmax mass of the refusal tokens at the prompt's last position.</summary>
    public required double RefusalProbability { get; init; }

    /// <summary>P("I") read off each of the L + 1 residuals by the final norm and the unembedding (logit lens).</summary>
    public ImmutableArray<float> RefusalProbabilityByLayer { get; init; } = [];

    /// <summary>Cosine to the refusal direction by layer, L + 1 values.</summary>
    public ImmutableArray<float> Cosine { get; init; } = [];

    /// <summary>Most likely next tokens.</summary>
    public ImmutableArray<TokenLogit> TopLogits { get; init; } = [];

    /// <summary>KL(baseline ‖ this arm) of the next token, nats, against the baseline of the same prompt.</summary>
    public double? Kl { get; init; }

    /// <summary>Generated tokens.</summary>
    public ImmutableArray<TokenView> Generated { get; init; } = [];

    /// <summary>Generated text.</summary>
    public string Text { get; init; } = "";

    /// <summary>Whether an end token ended it.</summary>
    public bool EndedByEos { get; init; }

    /// <summary>The judge's verdict.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>What the edits did.</summary>
    public ImmutableArray<FeatureEffect> Effects { get; init; } = [];

    /// <summary>Recorded activations by feature, one value a token of prompt and generation.</summary>
    public ImmutableSortedDictionary<FeatureId, ImmutableArray<float>> Activations { get; init; } =
        ImmutableSortedDictionary<FeatureId, ImmutableArray<float>>.Empty;
}

/// <summary>A finished experiment.</summary>
public sealed record ExperimentResult
{
    /// <summary>Id of the run; its permalink ends with it.</summary>
    public required string RunId { get; init; }

    /// <summary>The request as it ran.</summary>
    public required ExperimentRequest Request { get; init; }

    /// <summary>The arms, baseline first.</summary>
    public required ImmutableArray<ArmResult> Arms { get; init; }

    /// <summary>All that reproduces it.</summary>
    public required RunRecord Record { get; init; }

    /// <summary>New tokens a second over all arms.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Whether it was stopped before its end.</summary>
    public bool Cancelled { get; init; }
}

/// <summary>Everything that reproduces a run.</summary>
public sealed record RunRecord
{
    /// <summary>Version of the program.</summary>
    public required string AppVersion { get; init; }

    /// <summary>UTC start.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Wall time, seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Model's name.</summary>
    public required string Model { get; init; }

    /// <summary>Where the weights were. Null in records of older versions.</summary>
    public string? ModelPath { get; init; }

    /// <summary>Fingerprint of the weights.</summary>
    public required string WeightsFingerprint { get; init; }

    /// <summary>Fingerprint of each SAE used, by layer.</summary>
    public ImmutableSortedDictionary<int, string> SaeFingerprints { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>Where each SAE used was, by layer. Empty in records of older versions.</summary>
    public ImmutableSortedDictionary<int, string> SaePaths { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>LlamaScope's gating rule, where it matters.</summary>
    public string? GatingRule { get; init; }

    /// <summary>Device.</summary>
    public required string Device { get; init; }

    /// <summary>Data type of weights.</summary>
    public required string Dtype { get; init; }

    /// <summary>How blocks ran: on the CPU, by fused kernels on a GPU, or operator by operator there and why. Null in records of older versions.</summary>
    public string? Kernels { get; init; }

    /// <summary>Chat template in force, or null where none was used.</summary>
    public string? Template { get; init; }

    /// <summary>Ids that the model was given.</summary>
    public ImmutableArray<int> TokenIds { get; init; } = [];

    /// <summary>Refusal tokens.</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>Id and hook of the refusal direction used, or null.</summary>
    public string? Direction { get; init; }

    /// <summary>SHA-256 over that direction's float32 values, little-endian. Null in records of older versions.</summary>
    public string? DirectionSha256 { get; init; }

    /// <summary>LibTorch's version.</summary>
    public string? TorchVersion { get; init; }

    /// <summary>A probe's request with its defaults filled in: prompt, edits with their scopes, seed. Null where the request is kept beside the record.</summary>
    public JsonElement? Request { get; init; }
}

/// <summary>What happens while an experiment runs.</summary>
public abstract record ExperimentEvent
{
    /// <summary>Waiting: how many runs are before this one.</summary>
    public sealed record Queued(int Before) : ExperimentEvent;

    /// <summary>A step has begun (loading, computing the direction); fraction is 0–1 or null.</summary>
    public sealed record Phase(string What, double? Fraction) : ExperimentEvent;

    /// <summary>An arm's pass over the prompt is done: its probabilities and cosines are there, the answer is not.</summary>
    public sealed record FirstToken(ArmResult Arm) : ExperimentEvent;

    /// <summary>An arm has a new token.</summary>
    public sealed record Token(Arm Arm, TokenView View) : ExperimentEvent;

    /// <summary>The whole result.</summary>
    public sealed record Finished(ExperimentResult Result) : ExperimentEvent;
}
