using System.Collections.Immutable;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Studies;
using PromptSelection = RefusalExplorer.Pipeline.Analyses.Requests.PromptSelection;

namespace RefusalExplorer.Web.Analyses;

/// <summary>A study's feature sets and prompts, as analyses take them.</summary>
public sealed class StudyFeatures(StudyLibrary library)
{
    /// <summary>Studies of a model, newest first.</summary>
    public ImmutableArray<StudyEntry> Of(string model) => [.. library.List().Where(s => s.Study.Model == model)];

    /// <summary>The study of that id, or null.</summary>
    public StudyEntry? Find(string id) => library.Find(id);

    /// <summary>The study.</summary>
    /// <exception cref="PipelineException">There is none of that id.</exception>
    public StudyEntry Get(string id) => Find(id) ?? throw new PipelineException(
        id.Length == 0 ? "study: choose one" : $"study '{id}': there is none of that id here; see the Studies page");

    /// <summary>Id of the direction that it found and kept, or null.</summary>
    public string? DirectionOf(string id) => library.Result(id)?.Direction?.Id;

    /// <summary>One of its sets.</summary>
    /// <exception cref="PipelineException">It has none.</exception>
    public AnalysisFeatureSet Set(string id, StudySet set)
    {
        (StudyEntry study, ImmutableArray<PromptResult> refused) = Refused(id);
        AnalysisFeatureSet? found = set switch
        {
            StudySet.Minimal => StudyFeatureSets.Own(StudyFeatureSets.MinimalName, refused, StudyFeatureSets.Minimal),
            StudySet.MinimalOfAll => StudyFeatureSets.Union(StudyFeatureSets.MinimalName, refused, StudyFeatureSets.Minimal),
            StudySet.Added => StudyFeatureSets.Own(StudyFeatureSets.AddedName, refused, StudyFeatureSets.Added),
            _ => StudyFeatureSets.Union(StudyFeatureSets.AddedName, refused, StudyFeatureSets.Added),
        };
        return found ?? throw new PipelineException(
            $"study '{study.Study.Name}': {(set is StudySet.Minimal or StudySet.MinimalOfAll ? "no prompt has a minimal set" : "Stage 3 jailbreaks no prompt")}; it is {study.Status.ToString().ToLowerInvariant()}");
    }

    /// <summary>Its prompts: all that the model refuses, whether they have a set or not.</summary>
    /// <exception cref="PipelineException">There is none.</exception>
    public PromptSelection Prompts(string id)
    {
        (StudyEntry study, ImmutableArray<PromptResult> refused) = Refused(id);
        return StudyFeatureSets.Prompts(study.Study, refused);
    }

    private (StudyEntry Study, ImmutableArray<PromptResult> Refused) Refused(string id)
    {
        StudyEntry study = Get(id);
        return (study, StudyFeatureSets.Refused(study.Study, study.Files.ReadPrompts()));
    }
}
