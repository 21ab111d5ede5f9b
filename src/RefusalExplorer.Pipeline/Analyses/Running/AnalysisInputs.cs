using System.Collections.Immutable;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using PromptSelection = RefusalExplorer.Pipeline.Analyses.Requests.PromptSelection;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Writes a request out: prompts, feature sets, everything that its short form leaves to defaults.</summary>
internal static class AnalysisInputs
{
    /// <summary>Features of each layer in a default set (the demo model's card: the top 5 of every layer).</summary>
    public const int DefaultTopK = 5;

    /// <summary>The prompts of a selection, or of the default set, and what was left out of a file and why.</summary>
    /// <exception cref="PipelineException">An unknown set, or no prompt.</exception>
    public static PromptsRead Prompts(PromptSelection? selection, string defaultSet, int defaultTake, bool harmful, IDatasetReader files)
    {
        selection ??= new PromptSelection { Set = defaultSet };
        (ImmutableArray<AnalysisPrompt> all, ImmutableArray<string> notes) =
            selection.Items.IsEmpty ? FromSet(selection with { Set = selection.Set ?? defaultSet }, harmful, files) : new PromptsRead(selection.Items, []);
        if (all.IsEmpty)
            throw new PipelineException("prompts: an empty selection; expected at least one item, or the name of a set");
        int take = selection.Take ?? (selection.Items.IsEmpty ? defaultTake : all.Length);
        return new PromptsRead(take >= all.Length ? all : [.. Enumerable.Range(0, Math.Max(1, take)).Select(i => all[(int)((long)i * all.Length / take)])], notes);
    }

    /// <summary>Prompts as the model reads them.</summary>
    public static ImmutableArray<EncodedPrompt> Encode(LanguageModel model, ImmutableArray<AnalysisPrompt> prompts, bool harmful) =>
    [
        .. prompts.Select((p, i) => new EncodedPrompt(i, p, harmful, PromptEncoder.Encode(model,
            p.TokenIds is { } ids ? new PromptSource { TokenIds = ids } : PromptSource.User(p.Message)).Ids)),
    ];

    /// <summary>The request's sets, filled up with defaults to the number that the analysis needs.</summary>
    /// <param name="request">The request.</param>
    /// <param name="needed">Sets needed.</param>
    /// <param name="ranking">The features by cosine, asked for only if sets are missing; its argument is the number a layer.</param>
    public static ImmutableArray<AnalysisFeatureSet> Sets(AnalysisRequest request, int needed, Func<int, CandidateRanking> ranking)
    {
        List<AnalysisFeatureSet> sets = [.. request.Sets];
        if (!request.Features.IsEmpty)
            sets.Insert(0, new AnalysisFeatureSet { Features = request.Features });
        if (sets.Count >= needed)
            return [.. sets];
        CandidateRanking ranked = ranking(DefaultTopK * needed);
        for (int n = sets.Count; n < needed; n++)
        {
            sets.Add(new AnalysisFeatureSet
            {
                Name = n == 0 ? $"top {DefaultTopK} by cosine" : $"ranks {(DefaultTopK * n) + 1}–{DefaultTopK * (n + 1)} by cosine",
                Features = [.. ranked.Take(DefaultTopK * (n + 1)).Except(ranked.Take(DefaultTopK * n)).Order()],
            });
        }
        return [.. sets];
    }

    private static PromptsRead FromSet(PromptSelection selection, bool harmful, IDatasetReader files)
    {
        string name = selection.Set!;
        string embedded = name.StartsWith(StudyPromptReader.Prefix, StringComparison.Ordinal) ? name[StudyPromptReader.Prefix.Length..] : name;
        if (embedded.Split('_') is ["harmful" or "harmless", "train" or "val" or "test"] parts)
        {
            PromptSet set = DemoPrompts.Read(parts[0], parts[1]);
            return new PromptsRead([.. set.Items.Select(i => new AnalysisPrompt { Instruction = i.Instruction, Category = i.Category, DataSet = set.Name })], []);
        }
        if (embedded.Length < name.Length)
            throw new PipelineException($"prompts, set '{name}': expected demo:harmful_test, demo:harmless_test, or the same with train or val");
        PromptDataset read = files.Read(new PromptSetSpec
        {
            Path = name,
            Format = selection.Format,
            Column = selection.Column,
            CategoryColumn = selection.CategoryColumn,
            Where = selection.Where,
        }).For(harmful);
        return new PromptsRead(
            [.. read.Items.Select(i => new AnalysisPrompt { Instruction = i.Instruction, Category = i.Category, Context = i.Context, DataSet = Path.GetFileNameWithoutExtension(i.File) })],
            [.. read.Notes.Select(note => $"{(harmful ? "Harmful" : "Harmless")} prompts, {Path.GetFileName(name)}: {note}.")]);
    }
}

/// <summary>Prompts of a selection.</summary>
/// <param name="Items">The prompts.</param>
/// <param name="Notes">What was left out of a file and why, a sentence each.</param>
internal sealed record PromptsRead(ImmutableArray<AnalysisPrompt> Items, ImmutableArray<string> Notes);
