using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Analyses.Requests;

/// <summary>Makes requests of what a study found: its refused prompts, each with its own minimal set and what Stage 3 added to it.</summary>
public sealed class StudyRequests(IStudyPromptReader reader)
{
    /// <summary>Name of the first set.</summary>
    public const string Minimal = "minimal sets";

    /// <summary>Name of the second set.</summary>
    public const string Added = "stage 3 features";

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
        PromptResult[] refused = [.. prompts.Where(p => p.Outcome != PromptOutcome.NotRefused)];
        if (refused.Length == 0)
            throw new PipelineException($"study '{study.Name}': the model refuses none of its {prompts.Length} prompts, so there is nothing to analyse");
        return new AnalysisRequest
        {
            Model = study.Model,
            Changes = ModelChanges.Of(study),
            Sets = [.. Sets(refused)],
            Harmful = new PromptSelection { Items = [.. refused.Select(p => new AnalysisPrompt { Instruction = p.Instruction, Category = p.Category, DataSet = NameOf(study.Sets.Prompts.Set) })] },
            Harmless = Harmless(study, cancellation),
            Direction = direction,
            Scope = study.Scope,
            MaxNewTokens = study.Generation.MaxNewTokens,
            RowsAtOnce = study.Generation.Batch,
            Seed = study.Seed,
            Study = id,
        };
    }

    private static IEnumerable<AnalysisFeatureSet> Sets(PromptResult[] refused)
    {
        PromptResult[] minimal = [.. refused.Where(p => p.MinimalFeatures.Count > 0)];
        if (minimal.Length == 0)
            yield break;
        yield return Set(Minimal, refused, minimal, p => [.. p.MinimalFeatures]);
        PromptResult[] added = [.. minimal.Where(p => p.Interactions is { Added.IsEmpty: false })];
        if (added.Length > 0)
            yield return Set(Added, refused, added, p => [.. p.Interactions!.Added.Order()]);
    }

    /// <summary>
    /// Each prompt its own set; one without any has an empty one. Other prompts, harmless ones above all, get a set as large as the median one, of the
    /// features of most prompts: the union of all would be many times what any prompt needs, and tell of costs that no prompt pays.
    /// </summary>
    private static AnalysisFeatureSet Set(string name, PromptResult[] refused, PromptResult[] with, Func<PromptResult, ImmutableArray<FeatureId>> of)
    {
        int[] sizes = [.. with.Select(p => of(p).Length).Order()];
        HashSet<PromptResult> known = [.. with];
        return new AnalysisFeatureSet
        {
            Name = name,
            ByPrompt = refused.DistinctBy(p => p.Instruction).ToImmutableSortedDictionary(
                p => p.Instruction, p => known.Contains(p) ? of(p) : [], StringComparer.Ordinal),
            Features =
            [
                .. with.SelectMany(p => of(p)).GroupBy(f => f).OrderByDescending(g => g.Count()).ThenBy(g => g.Key)
                    .Take(sizes[(sizes.Length - 1) / 2]).Select(g => g.Key).Order(),
            ],
        };
    }

    private PromptSelection? Harmless(StudyDefinition study, CancellationToken cancellation)
    {
        if ((study.Sets.HarmlessVal ?? study.Sets.HarmlessTrain) is not { } selection)
            return null;
        AnalysisPrompt[] all = [.. reader.Read(selection, cancellation).Items.Select(i => new AnalysisPrompt { Instruction = i.Instruction, Category = i.Category, DataSet = NameOf(selection.Set) })];
        return all.Length == 0 ? null : new PromptSelection { Items = [.. all], Take = Math.Min(HarmlessPrompts, all.Length) };
    }

    private static string NameOf(string set) => set.StartsWith(StudyPromptReader.Prefix, StringComparison.Ordinal)
        ? set[StudyPromptReader.Prefix.Length..]
        : Path.GetFileNameWithoutExtension(set);
}
