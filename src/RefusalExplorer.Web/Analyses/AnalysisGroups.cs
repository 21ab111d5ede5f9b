using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Analyses that answer questions of one kind.</summary>
/// <param name="Name">Heading.</param>
/// <param name="About">One sentence.</param>
/// <param name="Analyses">Its analyses, in the catalog's order.</param>
public sealed record AnalysisGroup(string Name, string About, ImmutableArray<AnalysisInfo> Analyses);

/// <summary>Sorts analyses by the question that a reviewer would ask.</summary>
public static class AnalysisGroups
{
    private static readonly (string Name, string About, string[] Ids)[] Known =
    [
        ("Effect", "Does editing the features remove the refusal?", ["attack-success", "dose-response", "bos-clamp"]),
        ("Costs", "What else does the edit change?", ["kl", "cross-entropy", "benign-refusals"]),
        ("Controls", "Would other features have done the same?", ["controls", "sparsity"]),
        ("Mechanism", "How do the features work together, and what do they stand for?",
            ["cosine", "redundancy", "causal-links", "taxonomy", "activation-statistics", "overlap"]),
        ("Baselines", "Does a simpler method do as well?", ["linear-probe", "k-tokens"]),
        ("Agreement", "Would another judge have told another story?", ["judge-agreement"]),
    ];

    /// <summary>The groups that have an analysis; what no group names comes last, so that none is lost.</summary>
    public static ImmutableArray<AnalysisGroup> Of(AnalysisCatalog catalog)
    {
        AnalysisInfo[] all = [.. catalog.All.Select(a => a.Info)];
        HashSet<string> named = [.. Known.SelectMany(g => g.Ids)];
        return
        [
            .. Known.Select(g => new AnalysisGroup(g.Name, g.About, [.. all.Where(a => g.Ids.Contains(a.Id))])).Where(g => !g.Analyses.IsEmpty),
            .. all.Any(a => !named.Contains(a.Id)) ? [new AnalysisGroup("More", "", [.. all.Where(a => !named.Contains(a.Id))])] : (AnalysisGroup[])[],
        ];
    }

    /// <summary>Name of an analysis' group.</summary>
    public static string NameOf(string id) => Known.FirstOrDefault(g => g.Ids.Contains(id)).Name ?? "More";
}
