using System.Collections.Immutable;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Pages.Features;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class NeuronpediaBarTests : MeaningContext
{
    private readonly ScriptedNeuronpedia _there = new();
    private int _fetched;

    public NeuronpediaBarTests()
    {
        Services.AddSingleton<INeuronpedia>(_there);
        Services.AddSingleton(new ModelCatalog(
        [
            new ConfiguredModel
            {
                Name = TinyChatModel.Name, Path = ModelFolder, Saes = ModelFolder + "/sae{l}", SaeLayers = [0, 2], DirectionLayer = 1,
                NeuronpediaModel = "tiny-np", NeuronpediaSource = "{l}-tiny-res",
            },
        ]));
    }

    [Fact]
    public async Task Search_AsksForTheLayersShown_AndListsWhatItFinds()
    {
        IRenderedComponent<NeuronpediaBar> bar = Show(await SearchAsync(new FeatureQuery { Text = "refusal", Layers = [2] }));

        await bar.Find("[data-search-neuronpedia]").ClickAsync(new());

        Assert.Equal(["search tiny-np 2-tiny-res refusal 0"], _there.Asked);
        Assert.Contains("phrases of refusal", bar.Find("[data-hits] li").TextContent, StringComparison.Ordinal);
        Assert.Equal("/features/tiny/L2-7", bar.Find("[data-hits] a").GetAttribute("href"));
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Explanations_AreAskedForInOneRequestALayer_AndCounted()
    {
        IRenderedComponent<NeuronpediaBar> bar = Show(await SearchAsync(new FeatureQuery { Text = "L0-1 L2-3 L2-4", Order = FeatureOrder.Feature, Descending = false }));

        await bar.Find("[data-fetch-neuronpedia]").ClickAsync(new());

        Assert.Equal(["features tiny-np 0-tiny-res 1", "features tiny-np 2-tiny-res 3,4"], _there.Asked);
        Assert.Contains("2 of 3 are explained; 1 it does not have", bar.Find("[role='status']").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paused_SaysUntilWhen_AndARefusalIsOneLine()
    {
        _there.Status = _there.Status with { PausedUntil = new DateTimeOffset(2030, 1, 1, 15, 30, 0, TimeSpan.Zero), Reason = "no more requests (429)" };
        _there.Fault = new NeuronpediaException(NeuronpediaFault.Paused, "Neuronpedia allows no more requests");
        IRenderedComponent<NeuronpediaBar> bar = Show(await SearchAsync(new FeatureQuery { Text = "L0-1" }));
        Assert.Equal("paused until 15:30 UTC", bar.Find("[data-paused]").TextContent);

        await bar.Find("[data-fetch-neuronpedia]").ClickAsync(new());

        Assert.Contains("allows no more requests", bar.Find("[data-error]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Off_IsNotThere()
    {
        _there.Status = _there.Status with { Use = NeuronpediaUse.Off };
        Assert.Empty(Show(await SearchAsync(new FeatureQuery())).Markup.Trim());
    }

    private async Task<FeaturesModel> SearchAsync(FeatureQuery query)
    {
        await Get<IDirectionStore>().SaveAsync(new StoredDirection
        {
            Id = "d",
            Model = TinyChatModel.Name,
            Hook = "blocks.1.hook_resid_post",
            Vector = [1, -1, 0.5f, 2, 0, 0, 1, -0.5f],
            CreatedAt = DateTimeOffset.UnixEpoch,
        }, Ct);
        var model = new FeaturesModel(Get<FeatureCatalog>(), Get<FeatureSearch>(), Get<FeatureRows>());
        await model.SearchAsync(query with { Model = TinyChatModel.Name, Direction = "d" });
        Assert.Null(model.Error);
        return model;
    }

    private IRenderedComponent<NeuronpediaBar> Show(FeaturesModel model) =>
        Render<NeuronpediaBar>(p => p.Add(b => b.Model, model).Add(b => b.OnFetched, () => _fetched++));

    private sealed class ScriptedNeuronpedia : INeuronpedia
    {
        public List<string> Asked { get; } = [];

        public NeuronpediaException? Fault { get; set; }

        public NeuronpediaStatus Status { get; set; } = new(NeuronpediaUse.OnRequest, null, null, null, false);

        public event Action? StatusChanged;

        public Task SetUseAsync(NeuronpediaUse use, CancellationToken cancellation = default)
        {
            Status = Status with { Use = use };
            StatusChanged?.Invoke();
            return Task.CompletedTask;
        }

        public NeuronpediaAnswer? Kept(NeuronpediaKey key) => null;

        public ImmutableDictionary<int, NeuronpediaAnswer> Kept(string model, string source, IReadOnlyCollection<int> indices) =>
            ImmutableDictionary<int, NeuronpediaAnswer>.Empty;

        public Task<NeuronpediaAnswer> FeatureAsync(NeuronpediaKey key, bool refresh = false, CancellationToken cancellation = default) =>
            Task.FromResult(Answer(key));

        public Task<ImmutableDictionary<int, NeuronpediaAnswer>> FeaturesAsync(
            string model, string source, IReadOnlyCollection<int> indices, CancellationToken cancellation = default)
        {
            Say($"features {model} {source} {string.Join(',', indices)}");
            return Task.FromResult(indices.ToImmutableDictionary(i => i, i => Answer(new NeuronpediaKey(model, source, i))));
        }

        public Task<NeuronpediaHits> SearchAsync(
            string model, IReadOnlyCollection<string> sources, string query, int offset = 0, CancellationToken cancellation = default)
        {
            Say($"search {model} {string.Join(',', sources)} {query} {offset}");
            return Task.FromResult(new NeuronpediaHits([new NeuronpediaHit(Explanation(new NeuronpediaKey(model, sources.First(), 7)), 0.61, null)], null, DateTimeOffset.UnixEpoch));
        }

        private void Say(string what)
        {
            if (Fault is not null)
                throw Fault;
            Asked.Add(what);
        }

        // It has every feature but those with an even index above 0.
        private static NeuronpediaAnswer Answer(NeuronpediaKey key) =>
            new(key, DateTimeOffset.UnixEpoch, key.Index % 2 == 0 && key.Index > 0 ? null : new NeuronpediaFeature { Explanations = [Explanation(key)] });

        private static Explanation Explanation(NeuronpediaKey key) => new()
        {
            Model = key.Model,
            Source = key.Source,
            Feature = new FeatureId(key.Source[0] - '0', key.Index),
            Text = "phrases of refusal",
        };
    }
}
