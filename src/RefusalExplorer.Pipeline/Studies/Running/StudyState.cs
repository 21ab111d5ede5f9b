using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Interactions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>What the stages of a running study have found so far: a function of the journal alone.</summary>
internal sealed class StudyState(StudyDefinition study, StudyModelRecord model, IReadOnlyList<int> saeLayers, Action<StudyState> changed)
{
    public StudyDefinition Study => study;

    public StudyModelRecord Model => model;

    public IReadOnlyList<int> SaeLayers => saeLayers;

    public ImmutableArray<PromptItem> Prompts { get; private set; } = [];

    public ImmutableArray<ImmutableArray<int>> Ids { get; private set; } = [];

    /// <summary>By prompt; null until its baseline has run.</summary>
    public PromptResult?[] Results { get; private set; } = [];

    public IReadOnlyList<string> Notes { get; set; } = [];

    public DirectionResult? Direction { get; set; }

    /// <summary>Scores so far, while candidates for the direction are scored; null before and after.</summary>
    public DirectionScores? Scoring { get; set; }

    public CandidateRanking? Ranking { get; set; }

    public InteractionResult? Interactions { get; set; }

    /// <summary>Epochs so far, while the machine is trained; empty before and after.</summary>
    public ImmutableArray<EpochMetrics> Training { get; set; } = [];

    /// <summary>The last stage that is done.</summary>
    public StudyStage? Completed { get; set; }

    public void Begin(ImmutableArray<PromptItem> prompts, ImmutableArray<ImmutableArray<int>> ids) =>
        (Prompts, Ids, Results) = (prompts, ids, new PromptResult?[prompts.Length]);

    public void Set(PromptResult result) => Results[result.Index] = result;

    /// <summary>Lets those who watch see what is new.</summary>
    public void Publish() => changed(this);

    public InterventionSet Ablate(IEnumerable<FeatureId> features) => InterventionSet.Of(Intervention.Ablate(features, study.TokenScope));

    /// <summary>A seed for something of one prompt.</summary>
    public long SeedOf(int prompt, int use) => unchecked((study.Seed * 1_000_003) + (prompt * 1009L) + use);
}
