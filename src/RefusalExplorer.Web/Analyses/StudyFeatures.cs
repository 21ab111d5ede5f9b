using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Analyses;

/// <summary>A study's feature sets and prompts, as analyses take them.</summary>
public sealed class StudyFeatures(StudyLibrary library)
{
    /// <summary>Studies of a model, newest first.</summary>
    public ImmutableArray<StudyEntry> Of(string model) => [.. library.List().Where(s => s.Study.Model == model)];

    /// <summary>The study.</summary>
    /// <exception cref="PipelineException">There is none of that id.</exception>
    public StudyEntry Get(string id) => library.Find(id) ?? throw new PipelineException(
        id.Length == 0 ? "study: choose one" : $"study '{id}': there is none of that id here; see the Studies page");

    /// <summary>Id of the direction that it found and kept, or null.</summary>
    public string? DirectionOf(string id) => library.Result(id)?.Direction?.Id;

    /// <summary>One of its sets.</summary>
    /// <exception cref="PipelineException">It has none.</exception>
    public AnalysisFeatureSet Set(string id, StudySet set)
    {
        (PromptResult Prompt, ImmutableArray<FeatureId> Features)[] own = [.. WithSets(id, set)];
        ImmutableArray<FeatureId> all = [.. own.SelectMany(p => p.Features).Distinct().Order()];
        bool byPrompt = set is StudySet.Minimal or StudySet.Added;
        string name = set is StudySet.Minimal or StudySet.MinimalOfAll ? "stage 2" : "stage 3";
        return byPrompt
            ? new AnalysisFeatureSet
            {
                Name = name,
                ByPrompt = own.DistinctBy(p => p.Prompt.Instruction)
                    .ToImmutableSortedDictionary(p => p.Prompt.Instruction, p => p.Features, StringComparer.Ordinal),
            }
            : new AnalysisFeatureSet { Name = $"{name}, all prompts", Features = all };
    }

    /// <summary>Its prompts that have such a set.</summary>
    /// <exception cref="PipelineException">There is none.</exception>
    public ImmutableArray<AnalysisPrompt> Prompts(string id, StudySet set)
    {
        string name = Get(id).Study.Name;
        return
        [
            .. WithSets(id, set).DistinctBy(p => p.Prompt.Instruction)
                .Select(p => new AnalysisPrompt { Instruction = p.Prompt.Instruction, Category = p.Prompt.Category, DataSet = name }),
        ];
    }

    private List<(PromptResult Prompt, ImmutableArray<FeatureId> Features)> WithSets(string id, StudySet set)
    {
        StudyEntry study = Get(id);
        List<(PromptResult Prompt, ImmutableArray<FeatureId> Features)> own =
        [
            .. study.Files.ReadPrompts().Select(p => (p, Of(p, set))).Where(p => !p.Item2.IsEmpty),
        ];
        return own.Count > 0 ? own : throw new PipelineException(set is StudySet.Minimal or StudySet.MinimalOfAll
            ? $"study '{study.Study.Name}': no prompt has a minimal set; it is {study.Status.ToString().ToLowerInvariant()}"
            : $"study '{study.Study.Name}': no prompt has features of Stage 3; it is {study.Status.ToString().ToLowerInvariant()}");
    }

    private static ImmutableArray<FeatureId> Of(PromptResult prompt, StudySet set) => set is StudySet.Minimal or StudySet.MinimalOfAll
        ? [.. prompt.MinimalFeatures.Order()]
        : [.. (prompt.Interactions?.Added ?? []).Order()];
}
