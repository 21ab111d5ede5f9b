using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Reads the features off a link of the Explore page: a run's, or one that holds the page's state.</summary>
public sealed class ExploreLinks(ExperimentRuns runs, SuggestionCache suggestions)
{
    private const string Path = "/explore/";

    /// <summary>The features that the linked page edits.</summary>
    /// <param name="link">An address (<c>http://…/explore/01ab…</c>, <c>/?g=…</c>), or a run's id.</param>
    /// <param name="model">The model that they must belong to.</param>
    /// <param name="cancellation">Gives up waiting for suggestions.</param>
    /// <exception cref="EngineException">There is no such run, it is another model's, or it edits no feature.</exception>
    public async Task<ImmutableArray<FeatureId>> ReadAsync(string link, string model, CancellationToken cancellation)
    {
        string text = link.Trim();
        if (text.Length == 0)
            throw new PipelineException("Explore link: expected the address of a run of the Explore page, or a run's id");
        int query = text.IndexOf('?', StringComparison.Ordinal);
        int path = text.IndexOf(Path, StringComparison.Ordinal);
        (string of, ImmutableArray<FeatureId> features) = path >= 0 || query < 0
            ? OfRun(path < 0 ? text : text[(path + Path.Length)..(query > path ? query : text.Length)].TrimEnd('/'))
            : await OfStateAsync(text[query..], cancellation).ConfigureAwait(false);
        if (of != model)
            throw new PipelineException($"Explore link: it is about the model {of}; expected {model}");
        return features.IsEmpty ? throw new PipelineException("Explore link: it edits no feature") : features;
    }

    private (string Model, ImmutableArray<FeatureId> Features) OfRun(string id)
    {
        var request = runs.Load(id).State.Request;
        return (request.Model, [.. request.Interventions.SelectMany(i => i.Features).Distinct().Order()]);
    }

    private async Task<(string Model, ImmutableArray<FeatureId> Features)> OfStateAsync(string query, CancellationToken cancellation)
    {
        ExploreState state = ExploreUrl.Read(query, out ImmutableArray<string> problems);
        if (!problems.IsEmpty)
            throw new PipelineException($"Explore link: {problems[0]}");
        HashSet<FeatureId> features = [];
        foreach (CartGroup group in state.Groups.Where(g => g.Enabled && g.Op is InterventionOp.Ablate or InterventionOp.Clamp or InterventionOp.Scale))
        {
            IEnumerable<FeatureId> own = group.Source == GroupSource.Suggested
                ? (await suggestions.GetAsync(state.Model, cancellation).ConfigureAwait(false)).GroupBy(s => s.Feature.Layer).SelectMany(l => l.Take(state.TopK)).Select(s => s.Feature)
                : group.Features;
            features.UnionWith(own.Except(group.Off));
        }
        return (state.Model, [.. features.Order()]);
    }
}
