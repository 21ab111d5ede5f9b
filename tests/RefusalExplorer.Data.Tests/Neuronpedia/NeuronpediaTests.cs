using System.Collections.Immutable;
using System.Text.Json.Nodes;
using RefusalExplorer.Pipeline.Ports;
using static RefusalExplorer.Data.Tests.Neuronpedia.FakeNeuronpedia;

namespace RefusalExplorer.Data.Tests.Neuronpedia;

public sealed class NeuronpediaTests : IAsyncLifetime
{
    private FakeNeuronpedia _fake = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fake = await StartAsync();

    public ValueTask DisposeAsync() => _fake.DisposeAsync();

    [Fact]
    public async Task Feature_GivesAllThatIsThere_AndIsNeverAskedAgain()
    {
        NeuronpediaAnswer answer = await _fake.Client().FeatureAsync(Key(9), cancellation: Token);

        NeuronpediaFeature feature = answer.Feature!;
        Assert.Equal(["refusals and apologies", "phrases of refusal"], feature.Explanations.Select(e => e.Text));
        Assert.Equal(("gpt-4o-mini", "oai_token-act-pair", "L16-9"), (feature.Explanations[1].Explainer, feature.Explanations[1].Method, feature.Explanations[1].Feature.ToString()));
        Assert.Equal((31.25, 0.0017), (feature.MaxActivation, feature.Density));
        Assert.Equal([new NeuronpediaLogit(" sorry", 1.5), new NeuronpediaLogit(" cannot", 1.25)], feature.PositiveLogits);
        Assert.Equal(new NeuronpediaLogit(" sure", -0.75), Assert.Single(feature.NegativeLogits));
        Assert.Equal([5.0, 2], feature.Activations.Heights);
        Assert.Equal([-1.0, 0, 1], feature.Logits.Values);
        Assert.Equal([new NeuronpediaNeighbour(11, 0.5), new NeuronpediaNeighbour(12, 0.25)], feature.Similar);
        Assert.Equal((31.25, 1, 3), (feature.Examples[0].Max, feature.Examples[0].MaxIndex, feature.Examples[0].Tokens.Length));

        INeuronpedia later = _fake.Client();
        Assert.Equal(answer.AskedAt.ToUnixTimeMilliseconds(), (await later.FeatureAsync(Key(9), cancellation: Token)).AskedAt.ToUnixTimeMilliseconds());
        Assert.NotNull(later.Kept(Key(9)));
        Assert.Single(_fake.Server.Seen);
        Assert.Equal($"/api/feature/{Model}/{Source}/9", _fake.Server.Seen.First().Path);
    }

    [Fact]
    public async Task NotThere_IsKeptTooAndRefreshAsksAgain()
    {
        INeuronpedia client = _fake.Client();
        Assert.Null((await client.FeatureAsync(Key(4000), cancellation: Token)).Feature);
        Assert.Null((await client.FeatureAsync(Key(4000), cancellation: Token)).Feature);
        Assert.Single(_fake.Server.Seen);

        _fake.Known.Add(4000);
        Assert.NotNull((await client.FeatureAsync(Key(4000), refresh: true, Token)).Feature);
        Assert.NotNull(client.Kept(Key(4000))!.Feature);
    }

    [Fact]
    public async Task Features_AreRekeyedFromAnyOrder_AndOneRequestSpeaksForTheAbsent()
    {
        INeuronpedia client = _fake.Client();
        await client.FeatureAsync(Key(3), cancellation: Token);
        int[] asked = [.. Enumerable.Range(0, 120), 5000, 5001, 5002];

        ImmutableDictionary<int, NeuronpediaAnswer> answers = await client.FeaturesAsync(Model, Source, asked, Token);

        Assert.Equal(asked.Order(), answers.Keys.Order());
        Assert.All(answers, a => Assert.Equal(Key(a.Key), a.Value.Key));
        Assert.Equal([5000, 5001, 5002], answers.Where(a => a.Value.Feature is null).Select(a => a.Key).Order());
        // One before, three batches of at most 50 without the one that was kept, one for the three that are absent.
        Assert.Equal([1, 50, 50, 22, 1], _fake.Server.Seen.Select(s => s.Body.Length == 0 ? 1 : JsonNode.Parse(s.Body)!.AsArray().Count));
        Assert.Equal(asked.Length, client.Kept(Model, Source, asked).Count);
        Assert.Equal(asked.Length, (await client.FeaturesAsync(Model, Source, asked, Token)).Count);
        Assert.Equal(5, _fake.Server.Seen.Count);
    }

    [Fact]
    public async Task Search_PagesAndIsKept()
    {
        INeuronpedia client = _fake.Client();
        NeuronpediaHits first = await client.SearchAsync(Model, [Source, "5-gemmascope-res-65k"], " Refusal ", cancellation: Token);
        Assert.Equal(["phrases of refusal", "apologies"], first.Hits.Select(h => h.Explanation.Text));
        Assert.Equal((0.61, 12.5, 2), (first.Hits[0].Cosine, first.Hits[0].MaxActivation, first.NextOffset));
        Assert.Null((await client.SearchAsync(Model, [Source], "refusal", 2, Token)).NextOffset);

        await _fake.Client().SearchAsync(Model, ["5-gemmascope-res-65k", Source], "refusal", cancellation: Token);
        Assert.Equal(2, _fake.Server.Seen.Count);
        Assert.Equal(["5-gemmascope-res-65k", Source], JsonNode.Parse(_fake.Server.Seen.First().Body)!["layers"]!.AsArray().Select(l => (string)l!).Order(StringComparer.Ordinal).Reverse());
        await Assert.ThrowsAsync<NeuronpediaException>(() => client.SearchAsync(Model, [Source], "ab", cancellation: Token));
    }

    [Fact]
    public async Task ExplanationsThatCame_AreSearchedWithTheImportedOnes()
    {
        INeuronpedia client = _fake.Client();
        await _fake.Explanations.SaveAsync([new Explanation { Model = Model, Source = Source, Feature = new(16, 30), Text = "refusals of entry" }], cancellation: Token);
        await client.FeatureAsync(Key(9), cancellation: Token);
        await client.FeatureAsync(Key(5000), cancellation: Token);
        await client.SearchAsync(Model, [Source], "refusal", cancellation: Token);

        Assert.Equal(["L16-9", "L16-30"], Matching("refusals"));
        Assert.Equal(["L16-7", "L16-9"], Matching("\"phrases of refusal\""));
        Assert.Equal(["L16-8", "L16-9"], Matching("apologies"));
        Assert.Equal(2, _fake.Explanations.ForFeature(Model, Source, 9).Length);

        string[] Matching(string text) =>
            [.. _fake.Explanations.MatchingFeatures(new ExplanationQuery { Text = text, Model = Model, Source = Source }).Order().Select(f => f.ToString())];
    }

    [Fact]
    public async Task Key_IsSentAlone_AndNoneWithoutOne()
    {
        await _fake.Client(key: " sk-test-1 ").FeatureAsync(Key(1), cancellation: Token);
        await _fake.Client().FeatureAsync(Key(2), cancellation: Token);
        Assert.Equal(["sk-test-1", null], _fake.Server.Seen.Select(s => s.ApiKey));
        Assert.All(_fake.Server.Seen, s => Assert.StartsWith("refusal-explorer/", s.UserAgent, StringComparison.Ordinal));
        Assert.True(_fake.Client(key: "sk").Status.HasKey);
    }

    [Fact]
    public async Task Off_AsksNothing_ButShowsWhatIsKept_AndIsRemembered()
    {
        INeuronpedia client = _fake.Client();
        Assert.Equal(NeuronpediaUse.OnRequest, client.Status.Use);
        await client.FeatureAsync(Key(1), cancellation: Token);
        await client.SetUseAsync(NeuronpediaUse.Off, Token);

        INeuronpedia later = _fake.Client();
        Assert.Equal(NeuronpediaUse.Off, later.Status.Use);
        Assert.NotNull((await later.FeatureAsync(Key(1), cancellation: Token)).Feature);
        foreach (Func<Task> ask in (Func<Task>[])
        [
            () => later.FeatureAsync(Key(2), cancellation: Token), () => later.FeatureAsync(Key(1), true, Token),
            () => later.FeaturesAsync(Model, Source, [1, 2], Token), () => later.SearchAsync(Model, [Source], "refusal", cancellation: Token),
        ])
        {
            NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(ask);
            Assert.Equal(NeuronpediaFault.Off, e.Fault);
        }
        Assert.Single(_fake.Server.Seen);
    }

    [Fact]
    public async Task Settings_FixTheUse()
    {
        INeuronpedia client = _fake.Client(use: NeuronpediaUse.Off);
        Assert.True(client.Status.IsFixed);
        await Assert.ThrowsAsync<NeuronpediaException>(() => client.SetUseAsync(NeuronpediaUse.Automatic, Token));
        await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(1), cancellation: Token));
        Assert.Empty(_fake.Server.Seen);
    }

    [Fact]
    public async Task SameFeature_AskedByManyAtOnce_IsOneRequest()
    {
        INeuronpedia client = _fake.Client();
        NeuronpediaAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.FeatureAsync(Key(7), cancellation: Token)));
        Assert.All(answers, a => Assert.Equal(31.25, a.Feature!.MaxActivation));
        Assert.Single(_fake.Server.Seen);
        Assert.Equal(24990, client.Status.Remaining);
    }
}
