using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Explanations;

public sealed class ExplanationStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteExplanationStore _store;

    public ExplanationStoreTests() => _store = new SqliteExplanationStore(new StoreOptions { Folder = _folder.Path });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Empty_FindsNothing_AndMakesNoFile()
    {
        Assert.Equal(0, _store.Search(new ExplanationQuery { Text = "refusal" }).Total);
        Assert.Empty(_store.Sources());
        Assert.Empty(_store.ForFeature("m", "s", 1));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Save_ThenRead_GivesEveryFieldBack()
    {
        Explanation saved = Of(16, 98914, "phrases of refusal – “I can’t” 🙅", explainer: "gpt-4o-mini", method: "oai_token-act-pair");
        await _store.SaveAsync([saved], cancellation: Token);

        Assert.Equal(saved, Assert.Single(_store.ForFeature("gemma-2-2b", "16-gemmascope-res-65k", 98914)));
        Assert.Equal(new ExplanationSource("gemma-2-2b", "16-gemmascope-res-65k", 16, 1), Assert.Single(_store.Sources()));
    }

    [Fact]
    public async Task Later_OfTheSameFeatureExplainerAndMethod_ReplacesInTheWordsToo()
    {
        await _store.SaveAsync([Of(1, 7, "about cats"), Of(1, 7, "about dogs", explainer: "claude")], cancellation: Token);
        await _store.SaveAsync([Of(1, 7, "about birds")], cancellation: Token);

        Assert.Equal(["about birds", "about dogs"], _store.ForFeature("gemma-2-2b", "1-gemmascope-res-65k", 7).Select(e => e.Text).Order());
        Assert.Equal(0, Total("cats"));
        Assert.Equal((1, 1), (Total("birds"), Total("dogs")));
    }

    [Theory]
    [InlineData("refusal", "refusal to help", "polite refusal", "Réfusal accents")]
    [InlineData("REFUSAL help", "refusal to help")]
    [InlineData("\"to help\"", "refusal to help")]
    [InlineData("\"help to\"")]
    [InlineData("refus*", "refusal to help", "polite refusal", "refuses to answer", "Réfusal accents")]
    [InlineData("\"refusal to\" hel*", "refusal to help")]
    [InlineData("refusal -polite -accents", "refusal to help")]
    [InlineData("refusal -\"to help\" -accents", "polite refusal")]
    [InlineData("don't", "words like don't and can't")]
    [InlineData("\"unclosed phrase", "an unclosed phrase")]
    [InlineData("C++", "code in C++ or C")]
    [InlineData("NEAR OR AND", "NEAR or AND")]
    [InlineData("日本*", "日本語 text")]
    public async Task Search_FollowsTheSyntaxOfThePort(string text, params string[] expected)
    {
        string[] texts =
        [
            "refusal to help", "polite refusal", "refuses to answer", "Réfusal accents", "words like don't and can't", "an unclosed phrase",
            "code in C++ or C", "NEAR or AND", "日本語 text",
        ];
        await _store.SaveAsync(texts.Select((t, i) => Of(2, i, t)), cancellation: Token);

        Page<Explanation> page = _store.Search(new ExplanationQuery { Text = text });
        Assert.Equal(expected.Order(), page.Items.Select(e => e.Text).Order());
        Assert.Equal(expected.Length, page.Total);
        Assert.Equal(expected.Length, _store.MatchingFeatures(new ExplanationQuery { Text = text }).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\"\"")]
    [InlineData("* ( ) ^ :")]
    [InlineData("-only -negatives")]
    [InlineData("\u0000\u0001")]
    [InlineData("!!! ???")]
    public async Task Search_WithoutAWord_IsOneClearLine(string text)
    {
        await _store.SaveAsync([Of(1, 1, "something")], cancellation: Token);
        StoreException e = Assert.Throws<StoreException>(() => _store.Search(new ExplanationQuery { Text = text }));
        Assert.StartsWith("search", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task Search_HostileText_IsAnAnswerOrAStoreException()
    {
        await _store.SaveAsync([Of(1, 1, "x y z words text rank"), Of(1, 2, "drop table explanations")], cancellation: Token);
        string[] pieces =
            ["\"", "'", "*", "-", "(", ")", "NEAR(", " AND ", " OR ", " NOT ", "^", ":", "{text}", "text:", "words", "\0", "\uD800", "\uDC00", "🙂", "x", " ", "--", ";", "\n", "+", "\\", "日", "½", "Ⅷ", "\uE000", "\u0301"];
        var random = new Random(7);
        int answers = 0;
        for (int i = 0; i < 4000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                _store.Search(new ExplanationQuery { Text = text, Take = 3 });
                answers++;
            }
            catch (StoreException e)
            {
                Assert.Contains("search", e.Message, StringComparison.Ordinal);
                Assert.Null(e.InnerException);
            }
        }
        Assert.InRange(answers, 1000, 3999);
        Assert.Throws<StoreException>(() => _store.Search(new ExplanationQuery { Text = new string('x', 2000) }));
        Assert.Throws<StoreException>(() => _store.Search(new ExplanationQuery { Text = string.Join(' ', Enumerable.Range(0, 70)) }));
        Assert.Equal(2, _store.Search(new ExplanationQuery()).Total);
    }

    [Fact]
    public async Task Search_ByModelSourceAndLayer_PagesInOrder()
    {
        await _store.SaveAsync(
            [Of(9, 3, "cat"), Of(2, 10, "cat"), Of(2, 9, "cat"), Of(10, 1, "cat"), Of(2, 11, "dog"), Of(2, 9, "cat", source: "2-llamascope-res-131k", model: "llama3.1-8b")], cancellation: Token);
        var query = new ExplanationQuery { Text = "cat", Order = ExplanationOrder.Feature };

        Assert.Equal("L2-9 L2-10 L2-9 L9-3 L10-1", Ids(query));
        Assert.Equal("L2-10 L2-9", Ids(query with { Skip = 1, Take = 2 }));
        Assert.Equal(5, _store.Search(query with { Skip = 1, Take = 2 }).Total);
        Assert.Equal("L9-3 L10-1", Ids(query with { Layers = [9, 10] }));
        Assert.Equal("L2-9", Ids(query with { Model = "llama3.1-8b" }));
        Assert.Equal("L2-9 L2-10", Ids(query with { Source = "2-gemmascope-res-65k" }));
        Assert.Equal("L2-9 L2-10 L2-11 L2-9 L9-3 L10-1", Ids(query with { Text = null }));
        Assert.Equal("", Ids(query with { Take = -1 }));
        Assert.Equal(["2-gemmascope-res-65k", "9-gemmascope-res-65k", "10-gemmascope-res-65k", "2-llamascope-res-131k"], _store.Sources().Select(s => s.Source));
        Assert.Equal([3L, 1, 1, 1], _store.Sources().Select(s => s.Count));
    }

    [Fact]
    public async Task Search_ByRelevance_PutsTheDenserMatchFirst()
    {
        await _store.SaveAsync([Of(1, 1, "refusal among many other words about lots of other things"), Of(1, 2, "refusal, refusal")], cancellation: Token);
        Assert.Equal("L1-2 L1-1", Ids(new ExplanationQuery { Text = "refusal" }));
    }

    [Fact]
    public async Task Cancel_StopsBetweenTransactions_AndWhatWasWrittenStays()
    {
        using var cancel = new CancellationTokenSource();
        var written = new Written(_ => cancel.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _store.SaveAsync(Enumerable.Range(0, 20_000).Select(i => Of(1, i, $"row {i}")), written, cancel.Token));

        Assert.Equal(5000, written.Last);
        Assert.Equal(5000, _store.Search(new ExplanationQuery()).Total);
    }

    [Fact]
    public void DamagedFile_IsOneClearLine()
    {
        File.WriteAllText(_folder.File("explanations.sqlite"), "this is no database, but a text that is long enough to be looked at as one");
        StoreException e = Assert.Throws<StoreException>(() => _store.Sources());
        Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task TwoStoresOnOneFile_WriteAtTheSameTime_AndLoseNothing()
    {
        using var other = new SqliteExplanationStore(new StoreOptions { Folder = _folder.Path });
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? _store : other).SaveAsync(
            Enumerable.Range(i * 100, 100).Select(n => Of(1, n, $"text {n}")), cancellation: Token)));
        Assert.Equal(2000, _store.Search(new ExplanationQuery { Text = "text" }).Total);
    }

    private static Explanation Of(int layer, int index, string text, string explainer = "", string method = "", string? source = null, string model = "gemma-2-2b") => new()
    {
        Model = model,
        Source = source ?? $"{layer}-gemmascope-res-65k",
        Feature = new FeatureId(layer, index),
        Text = text,
        Explainer = explainer,
        Method = method,
    };

    private long Total(string text) => _store.Search(new ExplanationQuery { Text = text }).Total;

    private string Ids(ExplanationQuery query) => string.Join(' ', _store.Search(query).Items.Select(e => e.Feature));

    private sealed class Written(Action<long> then) : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value) => then(Last = value);
    }
}
