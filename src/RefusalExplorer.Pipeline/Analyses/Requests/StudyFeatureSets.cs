using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Analyses.Requests;

/// <summary>A study's prompts and feature sets as analyses take them, for pages and the command line alike.</summary>
public static class StudyFeatureSets
{
    /// <summary>Name of the sets of Stage 2.</summary>
    public const string MinimalName = "minimal sets";

    /// <summary>Name of the sets of Stage 3.</summary>
    public const string AddedName = "stage 3 features";

    /// <summary>The prompts that the model refuses, whether a set was found for them or not: to leave out those without one would make every set a success.</summary>
    /// <exception cref="PipelineException">It refuses none of them.</exception>
    public static ImmutableArray<PromptResult> Refused(StudyDefinition study, ImmutableArray<PromptResult> prompts)
    {
        ImmutableArray<PromptResult> refused = [.. prompts.Where(p => p.Outcome != PromptOutcome.NotRefused)];
        return !refused.IsEmpty
            ? refused
            : throw new PipelineException($"study '{study.Name}': the model refuses none of its {prompts.Length} prompts, so there is nothing to analyse");
    }

    /// <summary>Refused prompts as prompts of a request.</summary>
    public static PromptSelection Prompts(StudyDefinition study, ImmutableArray<PromptResult> refused) => new()
    {
        Items = [.. refused.DistinctBy(p => p.Instruction).Select(p => new AnalysisPrompt { Instruction = p.Instruction, Category = p.Category, DataSet = NameOf(study.Sets.Prompts.Set) })],
    };

    /// <summary>Stage 2's features of a prompt; none where no set was found.</summary>
    public static ImmutableArray<FeatureId> Minimal(PromptResult prompt) => [.. prompt.MinimalFeatures];

    /// <summary>Stage 3's features of a prompt; none where no number of them jailbreaks it.</summary>
    public static ImmutableArray<FeatureId> Added(PromptResult prompt) => [.. prompt.Interactions?.Found.Order() ?? Enumerable.Empty<FeatureId>()];

    /// <summary>
    /// Each prompt its own set; one without any has an empty one. Other prompts, harmless ones above all, get a set as large as the median one, of the
    /// features of most prompts: the union of all would be many times what any prompt needs, and tell of costs that no prompt pays.
    /// </summary>
    /// <returns>The set, or null where no prompt has features.</returns>
    public static AnalysisFeatureSet? Own(string name, ImmutableArray<PromptResult> refused, Func<PromptResult, ImmutableArray<FeatureId>> of)
    {
        ImmutableArray<FeatureId>[] sets = [.. refused.Select(of).Where(s => !s.IsEmpty)];
        if (sets.Length == 0)
            return null;
        int[] sizes = [.. sets.Select(s => s.Length).Order()];
        return new AnalysisFeatureSet
        {
            Name = name,
            ByPrompt = refused.DistinctBy(p => p.Instruction).ToImmutableSortedDictionary(p => p.Instruction, of, StringComparer.Ordinal),
            Features =
            [
                .. sets.SelectMany(s => s).GroupBy(f => f).OrderByDescending(g => g.Count()).ThenBy(g => g.Key)
                    .Take(sizes[(sizes.Length - 1) / 2]).Select(g => g.Key).Order(),
            ],
        };
    }

    /// <summary>The features of all prompts, for every prompt.</summary>
    /// <returns>The set, or null where no prompt has features.</returns>
    public static AnalysisFeatureSet? Union(string name, ImmutableArray<PromptResult> refused, Func<PromptResult, ImmutableArray<FeatureId>> of)
    {
        ImmutableArray<FeatureId> all = [.. refused.SelectMany(p => of(p)).Distinct().Order()];
        return all.IsEmpty ? null : new AnalysisFeatureSet { Name = $"{name}, all prompts", Features = all };
    }

    /// <summary>A prompt set's name in tables.</summary>
    public static string NameOf(string set) => set.StartsWith(StudyPromptReader.Prefix, StringComparison.Ordinal)
        ? set[StudyPromptReader.Prefix.Length..]
        : Path.GetFileNameWithoutExtension(set);
}
