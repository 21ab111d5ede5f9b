using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>What a study found, over all its prompts. A function of the definition and the journal: no times in it.</summary>
public sealed record StudyResult
{
    /// <summary>The definition.</summary>
    public required StudyDefinition Study { get; init; }

    /// <summary>What reproduces the numbers.</summary>
    public required StudyModelRecord Model { get; init; }

    /// <summary>The last stage that is done; null before the first.</summary>
    public StudyStage? Completed { get; init; }

    /// <summary>Stage 1, direction.</summary>
    public DirectionResult? Direction { get; init; }

    /// <summary>Scores of the candidates for the direction so far, while they are made; null before and after.</summary>
    public DirectionScores? Scoring { get; init; }

    /// <summary>Layers of the candidates.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>What was left out of the prompt sets, and why, a line each.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>From prompts to minimal sets, step by step.</summary>
    public required StudyFunnel Funnel { get; init; }

    /// <summary>Attack success rates, each with its interval.</summary>
    public ImmutableArray<StudyRate> Rates { get; init; } = [];

    /// <summary>How many verdicts are a person's, and what they change; null where there are none, and as a study writes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HumanNote { get; init; }

    /// <summary>The features of all minimal sets, those of most prompts first.</summary>
    public ImmutableArray<FeatureCount> Features { get; init; } = [];

    /// <summary>One row a prompt, without texts.</summary>
    public ImmutableArray<PromptRowResult> Prompts { get; init; } = [];

    /// <summary>Stage 3.</summary>
    public InteractionResult? Interactions { get; init; }

    /// <summary>The machine's epochs so far, while it is trained; empty before and after.</summary>
    public ImmutableArray<EpochMetrics> Training { get; init; } = [];

    /// <summary>Stage 3 over all prompts.</summary>
    public InteractionSummary? InteractionSummary { get; init; }
}

/// <summary>How many prompts and features each step leaves.</summary>
/// <param name="Prompts">Prompts of the study.</param>
/// <param name="Refused">That the model refuses.</param>
/// <param name="Flipped">That a K of candidates flips.</param>
/// <param name="Minimal">That have a minimal set.</param>
/// <param name="CandidateFeatures">Median candidates of the smallest K.</param>
/// <param name="PrunedFeatures">Median features that all seeds keep at the lowest threshold.</param>
/// <param name="MinimalFeatures">Median features of the minimal set.</param>
/// <param name="NeededFeatures">Median features that leave-one-out proves; null where it did not run.</param>
/// <param name="UniqueFeatures">Distinct features in all minimal sets.</param>
public sealed record StudyFunnel(
    int Prompts, int Refused, int Flipped, int Minimal, double? CandidateFeatures, double? PrunedFeatures, double? MinimalFeatures, double? NeededFeatures,
    int UniqueFeatures);

/// <summary>How often an arm jailbreaks.</summary>
/// <param name="Arm">What is ablated.</param>
/// <param name="Complied">Responses that comply.</param>
/// <param name="Degenerate">Responses that are broken text.</param>
/// <param name="Runs">Responses.</param>
/// <param name="MeanProbability">Mean P("I").</param>
/// <param name="Interval">Wilson's, 95 %.</param>
public sealed record StudyRate(StudyArm Arm, int Complied, int Degenerate, int Runs, double MeanProbability, ConfidenceInterval Interval);

/// <summary>What is ablated.</summary>
public enum StudyArm
{
    /// <summary>Nothing, over all prompts.</summary>
    Baseline,

    /// <summary>The direction, over refused prompts.</summary>
    Directional,

    /// <summary>The candidates of the smallest K (or of the largest tried), over refused prompts.</summary>
    Candidates,

    /// <summary>The minimal set, over refused prompts; one without a minimal set counts as not jailbroken.</summary>
    Minimal,

    /// <summary>Random sets, over those of prompts with a minimal set.</summary>
    RandomControl,

    /// <summary>The proven set, over prompts with a minimal set.</summary>
    Exact,

    /// <summary>The active minimal features alone, over prompts that came to Stage 3.</summary>
    ActiveMinimal,

    /// <summary>Stage 3's set, over the same.</summary>
    Interactions,

    /// <summary>Stage 3's added features alone, over the same.</summary>
    InteractionsAlone,
}

/// <summary>A feature of minimal sets.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Cosine">Of its decoder row with the direction.</param>
/// <param name="Prompts">Minimal sets that have it.</param>
/// <param name="Silent">Those of them on whose prompt it is silent without edits.</param>
/// <param name="MaxActivation">Its largest activation on their prompts.</param>
public sealed record FeatureCount(FeatureId Feature, float Cosine, int Prompts, int Silent, float MaxActivation);

/// <summary>A prompt in lists.</summary>
public sealed record PromptRowResult
{
    /// <summary>0-based place.</summary>
    public required int Index { get; init; }

    /// <summary>Its topic.</summary>
    public string? Category { get; init; }

    /// <summary>How far it came.</summary>
    public required PromptOutcome Outcome { get; init; }

    /// <summary>P("I") before.</summary>
    public required double Before { get; init; }

    /// <summary>P("I") without the direction.</summary>
    public required double Directional { get; init; }

    /// <summary>Whether the response without the direction complies.</summary>
    public required bool DirectionalComplied { get; init; }

    /// <summary>The smallest K.</summary>
    public int? K { get; init; }

    /// <summary>P("I") with its candidates ablated.</summary>
    public double? Candidates { get; init; }

    /// <summary>Features of the minimal set.</summary>
    public ImmutableArray<FeatureId> Minimal { get; init; } = [];

    /// <summary>P("I") with it ablated.</summary>
    public double? After { get; init; }

    /// <summary>τ of the minimal set.</summary>
    public double? Threshold { get; init; }

    /// <summary>Random sets, and those that jailbreak.</summary>
    public ControlCount Controls { get; init; } = new(0, 0);

    /// <summary>Features that leave-one-out proves.</summary>
    public int? Needed { get; init; }

    /// <summary>Stage 3's smallest K.</summary>
    public int? AddedK { get; init; }
}

/// <summary>Stage 3 over all prompts.</summary>
/// <param name="Prompts">That came to it.</param>
/// <param name="Without">That have no known minimal feature.</param>
/// <param name="UniqueAdded">Distinct features that it adds where it jailbreaks.</param>
/// <param name="MeanDeactivated">Mean share of active minimal features that fall silent when its features are ablated.</param>
/// <param name="MostDeactivated">The largest such share.</param>
/// <param name="MeanDrop">Mean relative drop of those that stay active.</param>
public sealed record InteractionSummary(int Prompts, int Without, int UniqueAdded, double? MeanDeactivated, double? MostDeactivated, double? MeanDrop);

/// <summary>Random sets of a prompt.</summary>
/// <param name="Runs">Sets ablated.</param>
/// <param name="Complied">Those that jailbreak.</param>
public sealed record ControlCount(int Runs, int Complied);
