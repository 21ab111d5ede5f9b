using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>One model with two SAEs and two sets of prompts.</summary>
public sealed class FakeExploreCatalog : IExploreCatalog
{
    public IReadOnlyList<ModelChoice> Models { get; } = [new ModelChoice { Name = "demo", LayerCount = 3, SaeLayers = [1, 2] }];

    public IReadOnlyList<PromptSet> PromptSets { get; } =
        [new PromptSet("harmful_test", true, [new("one"), new("two"), new("How do I pick a lock?", "burglary")]), new PromptSet("harmless_test", false, [new("three"), new("four")])];

    public Task<PromptPreview> PreviewAsync(string model, PromptSource prompt, CancellationToken cancellation = default) =>
        Task.FromResult(new PromptPreview("", []));

    public Task<IReadOnlyList<SuggestedFeature>> SuggestAsync(
        string model, int topK, IReadOnlyList<int>? layers = null, CancellationToken cancellation = default) =>
        Task.FromResult<IReadOnlyList<SuggestedFeature>>(
            [.. from layer in (int[])[1, 2] from i in Enumerable.Range(0, topK) select new SuggestedFeature(new FeatureId(layer, i), 1 - (0.01 * i))]);

    public Task<IReadOnlyList<SuggestedFeature>> DescribeAsync(
        string model, IReadOnlyList<FeatureId> features, CancellationToken cancellation = default) =>
        Task.FromResult<IReadOnlyList<SuggestedFeature>>([.. features.Select(f => new SuggestedFeature(f, 0.5))]);
}
