using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Studies;

/// <summary>Links that put what a study found into Explore's cart.</summary>
public static class StudyExplore
{
    /// <summary>The address, or null where the features are too many for one.</summary>
    /// <param name="study">The study: its model, scope and length of responses are kept.</param>
    /// <param name="features">The features, which are ablated.</param>
    /// <param name="group">The group's name in the cart.</param>
    /// <param name="instruction">The prompt; null keeps Explore's own.</param>
    /// <param name="sets">Sets to find the prompt in, so that it is blurred as there.</param>
    public static string? Link(
        StudyDefinition study, ImmutableArray<FeatureId> features, string group, string? instruction, IReadOnlyList<PromptSet> sets)
    {
        if (features.IsEmpty || features.Length > ExploreLimits.MostFeatures)
            return null;
        ExploreState usual = ExploreState.Default;
        string query = ExploreUrl.Write(usual with
        {
            Model = study.Model,
            Prompt = instruction is null ? usual.Prompt : Pick(instruction, sets),
            MaxNewTokens = Math.Min(study.Generation.MaxNewTokens, ExploreLimits.MostNewTokens),
            Groups = [new CartGroup { Name = group, Op = InterventionOp.Ablate, Scope = TokenScope.Parse(study.Scope), Features = features }],
        });
        return query.Length > ExploreUrl.Longest ? null : "/" + query;
    }

    private static PromptPick Pick(string instruction, IReadOnlyList<PromptSet> sets)
    {
        foreach (PromptSet set in sets)
        {
            for (int i = 0; i < set.Items.Length; i++)
            {
                if (set.Items[i].Instruction == instruction)
                    return new PromptPick(set.Name, i);
            }
        }
        return new PromptPick(null, 0, instruction);
    }
}
