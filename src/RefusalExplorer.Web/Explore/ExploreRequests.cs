using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>From what the page shows to what the runner takes.</summary>
public static class ExploreRequests
{
    /// <summary>The request of a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="sets">Prompt sets.</param>
    /// <param name="suggested">Features by cosine, best first within each layer.</param>
    /// <param name="facts">What is known of each feature in the cart.</param>
    /// <exception cref="EngineException">There is no prompt, or one that the state names is not there.</exception>
    public static ExperimentRequest Build(
        ExploreState state, IReadOnlyList<PromptSet> sets, IReadOnlyList<SuggestedFeature> suggested,
        IReadOnlyDictionary<FeatureId, SuggestedFeature> facts) => new()
        {
            Model = state.Model,
            Prompt = Source(state, sets),
            Benign = state.Benign is { } benign ? PromptSource.User(Text(benign, sets)) : null,
            Interventions = [.. state.Groups.Where(g => g.Enabled).SelectMany(g => Edits(g, state.TopK, suggested, facts))],
            RandomControl = state.Control,
            ControlSeed = state.Seed,
            Inspect = state.Selected is { } selected ? [selected] : [],
            TopLogits = ExploreLimits.NextTokens,
            Generation = new GenerationOptions { MaxNewTokens = state.MaxNewTokens, Temperature = state.Temperature, Seed = state.Seed },
        };

    /// <summary>The prompt alone.</summary>
    /// <exception cref="EngineException">There is none.</exception>
    public static PromptSource Source(ExploreState state, IReadOnlyList<PromptSet> sets)
    {
        string text = Text(state.Prompt, sets);
        return state.Raw ? new PromptSource { Text = text } : PromptSource.User(text, state.System);
    }

    /// <summary>A pick's words.</summary>
    /// <exception cref="EngineException">It is empty, too long, or not in the set.</exception>
    public static string Text(PromptPick pick, IReadOnlyList<PromptSet> sets)
    {
        if (pick.Set is not null)
            return Item(pick, sets).Instruction;
        if (string.IsNullOrWhiteSpace(pick.Text))
            throw new EngineException("the prompt is empty: write one, or pick one of a set");
        if (pick.Text.Length > ExploreLimits.LongestPrompt)
            throw new EngineException($"the prompt has {pick.Text.Length} characters; at most {ExploreLimits.LongestPrompt} are taken here");
        return pick.Text;
    }

    /// <summary>The item that a pick names.</summary>
    /// <exception cref="EngineException">There is no such set or item.</exception>
    public static PromptItem Item(PromptPick pick, IReadOnlyList<PromptSet> sets)
    {
        PromptSet set = sets.FirstOrDefault(s => s.Name == pick.Set)
            ?? throw new EngineException($"prompt set '{pick.Set}': expected one of {string.Join(", ", sets.Select(s => s.Name))}");
        return pick.Item >= 0 && pick.Item < set.Items.Length
            ? set.Items[pick.Item]
            : throw new EngineException($"prompt set '{pick.Set}' has {set.Items.Length} prompts; there is no number {pick.Item + 1}");
    }

    /// <summary>Features of a group, those left out included.</summary>
    public static IReadOnlyList<FeatureId> Members(CartGroup group, int topK, IReadOnlyList<SuggestedFeature> suggested) => group.Source switch
    {
        GroupSource.Suggested => [.. suggested.GroupBy(s => s.Feature.Layer).SelectMany(l => l.Take(topK)).Select(s => s.Feature)],
        GroupSource.Named => group.Features,
        _ => [],
    };

    private static IEnumerable<Intervention> Edits(
        CartGroup group, int topK, IReadOnlyList<SuggestedFeature> suggested, IReadOnlyDictionary<FeatureId, SuggestedFeature> facts)
    {
        if (group.Source == GroupSource.Direction)
        {
            // No vector: the runner takes the direction that the experiment is measured against.
            yield return new Intervention
            {
                Op = group.Op,
                Value = group.Strength,
                Layers = group.Op == InterventionOp.Add ? ImmutableArray.Create(group.Layer) : null,
                Scope = group.Scope,
            };
            yield break;
        }
        ImmutableArray<FeatureId> features = [.. Members(group, topK, suggested).Where(f => !group.Off.Contains(f))];
        if (features.IsEmpty)
            yield break;
        if (group.Op != InterventionOp.Clamp)
        {
            yield return new Intervention { Op = group.Op, Features = features, Value = group.Op == InterventionOp.Scale ? group.Strength : 0, Scope = group.Scope };
            yield break;
        }
        foreach (IGrouping<double, FeatureId> same in features.GroupBy(f => ClampValue(group, f, facts)))
            yield return Intervention.Clamp(same, same.Key, group.Scope);
    }

    /// <summary>The raw value that a clamp sets: strength × the feature's largest activation, or the strength itself where that is not known.</summary>
    public static double ClampValue(CartGroup group, FeatureId feature, IReadOnlyDictionary<FeatureId, SuggestedFeature> facts) =>
        group.Strength * (facts.GetValueOrDefault(feature)?.MaxActivation ?? 1);
}
