using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Analyses.Requests;

/// <summary>Makes requests of what a study found: its refused prompts, each with its own minimal set and what Stage 3 added to it.</summary>
public sealed class StudyRequests(IStudyPromptReader reader)
{
    /// <summary>Harmless prompts of a request.</summary>
    private const int HarmlessPrompts = 20;

    /// <summary>The request of a study.</summary>
    /// <param name="result">What it found.</param>
    /// <param name="prompts">Its prompts.</param>
    /// <param name="id">The study's id.</param>
    /// <param name="direction">Where its direction is: a stored id (as a rule <c>result.Direction.Id</c>) or a path.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="EngineException">The model refuses none of its prompts, or a set cannot be read.</exception>
    public AnalysisRequest Make(
        StudyResult result, ImmutableArray<PromptResult> prompts, string id, string? direction, CancellationToken cancellation = default)
    {
        StudyDefinition study = result.Study;
        ImmutableArray<PromptResult> refused = StudyFeatureSets.Refused(study, prompts);
        AnalysisFeatureSet? minimal = StudyFeatureSets.Own(StudyFeatureSets.MinimalName, refused, StudyFeatureSets.Minimal);
        // Stage 3 adds to minimal sets: without them there is nothing that its features could be a second set to.
        AnalysisFeatureSet? added = minimal is null ? null : StudyFeatureSets.Own(StudyFeatureSets.AddedName, refused, StudyFeatureSets.Added);
        return new AnalysisRequest
        {
            Model = study.Model,
            Changes = ModelChanges.Of(study),
            Sets = [.. new[] { minimal, added }.OfType<AnalysisFeatureSet>()],
            Harmful = StudyFeatureSets.Prompts(study, refused),
            Harmless = Harmless(study, cancellation),
            Direction = direction,
            Scope = study.Scope,
            MaxNewTokens = study.Generation.MaxNewTokens,
            RowsAtOnce = study.Generation.Batch,
            Seed = study.Seed,
            Study = id,
        };
    }

    private PromptSelection? Harmless(StudyDefinition study, CancellationToken cancellation)
    {
        StudySets sets = study.Sets;
        if ((sets.HarmlessVal ?? sets.HarmlessTrain) is not { } selection)
            return null;
        ImmutableArray<PromptItem> items = selection.Of(reader.Read(selection, harmful: false, cancellation).Items, study.Seed);
        // What edits cost should not be measured on the prompts that made the direction, if there are others.
        if (sets.HarmlessVal is null && DirectionSampling.Split(items, study.Direction).Left is { Length: > 0 } left)
            items = [.. left];
        AnalysisPrompt[] all = [.. items.Select(i => new AnalysisPrompt { Instruction = i.Instruction, Category = i.Category, DataSet = StudyFeatureSets.NameOf(selection.Set) })];
        return all.Length == 0 ? null : new PromptSelection { Items = [.. all], Take = Math.Min(HarmlessPrompts, all.Length) };
    }
}
