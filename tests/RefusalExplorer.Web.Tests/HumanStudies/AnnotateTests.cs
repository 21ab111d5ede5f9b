using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.Web.Tests.HumanStudies;

public sealed partial class AnnotateTests
{
    private const string AccessToken = "correct horse battery";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Link_OpensItsPageWithoutTheAccessToken_AndNothingElse()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={AccessToken}"]);
        string link = await InviteAsync(server);

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, link)).Status);
        foreach (string asset in new[] { "/css/annotate.css", "/js/annotate.js", "/favicon.svg" })
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, asset)).Status);
        foreach (string path in new[]
        {
            "/", "/human-study", "/human-study/s1", "/not-found", "/_blazor", "/_blazor/negotiate", "/_framework/blazor.web.js", "/css/app.css", "/js/app.js",
            "/annotate", $"{link}/more", "/_content/MudBlazor/MudBlazor.min.css", "/api/v1/runs",
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(server, path)).Status);
        }
    }

    [Fact]
    public async Task Page_AsksForNothingButItsOwnTwoFiles()
    {
        await using TestServer server = await TestServer.StartAsync();
        string html = (await GetAsync(server, await InviteAsync(server))).Html;

        Assert.Equal(["/favicon.svg", "/css/annotate.css", "/js/annotate.js"], Addresses().Matches(html).Select(m => m.Groups[1].Value));
        Assert.DoesNotContain("blazor", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Page_IsBlind()
    {
        await using TestServer server = await TestServer.StartAsync();
        // The time at which the card was shown may hold any digits, the feature's own index among them.
        string html = Shown().Replace((await GetAsync(server, await InviteAsync(server))).Html, "", 1);

        Assert.DoesNotContain("name=\"shown\"", html, StringComparison.Ordinal);
        Assert.All(["L16", "424", "catch", "random", "silent", "activation", "run1", "demo"], word => Assert.DoesNotContain(word, html, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Card_ShowsTextsWithTheirMarks_HidesHarmfulOnes_AndPrintsTheDigits()
    {
        await using TestServer server = await TestServer.StartAsync();
        string html = (await GetAsync(server, await InviteAsync(server))).Html;

        Assert.Contains("Harm &amp; &lt;features&gt;", html, StringComparison.Ordinal);
        // To the letter: white space counts in a text of tokens.
        Assert.Contains(
            "<span class=\"text\">&#x2026;plain &lt;b&gt; <mark class=\"t strongest\">word</mark> <mark class=\"t active\">after</mark></span>", html, StringComparison.Ordinal);
        Match hidden = Hidden().Match(html);
        Assert.Contains("may be harmful", hidden.Value, StringComparison.Ordinal);
        Assert.Contains("hidden</mark>", hidden.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("<details class=\"hidden-texts\" open", html, StringComparison.Ordinal);
        Assert.Equal(["1 drugs", "2 fraud", "0 None"], Choices().Matches(html).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}"));
    }

    [Fact]
    public async Task Answers_AreTakenOneByOne_UntilAllAreDone()
    {
        await using TestServer server = await TestServer.StartAsync();
        string link = await InviteAsync(server);
        for (int i = 0; i < 4; i++)
        {
            (_, string html) = await GetAsync(server, link);
            Assert.Contains($"Card {i + 1} of 4", html, StringComparison.Ordinal);
            (HttpStatusCode status, _) = await PostAsync(server, link, ("item", ItemOf(html)), i % 2 == 0 ? ("label", "fraud") : ("none", "1"));
            Assert.Equal(HttpStatusCode.Redirect, status);
        }

        Assert.Contains("All 4 cards are answered and saved", (await GetAsync(server, link)).Html, StringComparison.Ordinal);
        StudyAnswer[] answers = [.. State(server).Sheet(1).Answers()];
        Assert.Equal(["fraud", "", "fraud", ""], answers.Select(a => string.Join(',', a.Labels)));
    }

    [Fact]
    public async Task Undo_BringsTheCardBack_WithTheChoice()
    {
        await using TestServer server = await TestServer.StartAsync();
        string link = await InviteAsync(server);
        string item = ItemOf((await GetAsync(server, link)).Html);
        await PostAsync(server, link, ("item", item), ("label", "fraud"));

        await PostAsync(server, link, ("action", "undo"));

        (_, string html) = await GetAsync(server, link);
        Assert.Equal(item, ItemOf(html));
        Assert.Matches("value=\"fraud\" checked", html);
        Assert.DoesNotMatch("value=\"drugs\" checked", html);
    }

    [Fact]
    public async Task NothingChosen_OrNoneBesideALabel_IsRefusedInWords()
    {
        await using TestServer server = await TestServer.StartAsync();
        string link = await InviteAsync(server);
        string item = ItemOf((await GetAsync(server, link)).Html);

        foreach ((string, string)[] fields in new (string, string)[][] { [("item", item)], [("item", item), ("none", "1"), ("label", "fraud")] })
        {
            (HttpStatusCode status, string html) = await PostAsync(server, link, fields);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.Contains("choose all labels that fit, or None", html, StringComparison.Ordinal);
        }
        (HttpStatusCode unknown, string words) = await PostAsync(server, link, ("item", item), ("label", "weather"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unknown);
        Assert.Contains("expected one of drugs, fraud, or none", words, StringComparison.Ordinal);
        Assert.Empty(State(server).Sheet(1).Events);
    }

    [Fact]
    public async Task WorthlessLink_SaysSo()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={AccessToken}"]);
        string link = await InviteAsync(server);

        foreach (string wrong in new[] { link[..^1] + (link[^1] == 'A' ? 'B' : 'A'), "/annotate/x", $"/annotate/{new string('a', 4000)}" })
        {
            (HttpStatusCode status, string html) = await GetAsync(server, wrong);
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.Contains("This link opens nothing", html, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(server, "/annotate/x", ("item", "c1"), ("label", "fraud"))).Status);
    }

    [Fact]
    public async Task PageElsewhere_CannotAnswer()
    {
        await using TestServer server = await TestServer.StartAsync();
        string link = await InviteAsync(server);
        using HttpRequestMessage request = new(HttpMethod.Post, link) { Content = new FormUrlEncodedContent([new("item", "c1"), new("label", "fraud")]) };
        request.Headers.Add("Origin", "http://evil.example");

        using HttpResponseMessage response = await server.Client.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(State(server).Sheet(1).Events);
    }

    [Fact]
    public async Task StoreThatIsFull_IsToldToTheAnnotator_AndTheAnswerDoesNotCount()
    {
        FullDocumentStore full = new();
        await using TestServer server = await TestServer.StartAsync(configure: s => s.AddSingleton<IDocumentStore>(full));
        string link = await InviteAsync(server);
        string item = ItemOf((await GetAsync(server, link)).Html);
        full.Full = true;

        (HttpStatusCode status, string html) = await PostAsync(server, link, ("item", item), ("label", "fraud"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("This answer was not saved (the disk is full)", html, StringComparison.Ordinal);
        full.Full = false;
        Assert.Equal(HttpStatusCode.Redirect, (await PostAsync(server, link, ("item", item), ("label", "fraud"))).Status);
        Assert.Single(State(server).Sheet(1).Answers());
    }

    [Fact]
    public async Task ClosedStudy_TakesNoMore_AndShowsNoResult()
    {
        await using TestServer server = await TestServer.StartAsync();
        string link = await InviteAsync(server);
        string item = ItemOf((await GetAsync(server, link)).Html);
        await Service(server).CloseAsync("s1", Ct);

        await PostAsync(server, link, ("item", item), ("label", "fraud"));

        string html = (await GetAsync(server, link)).Html;
        Assert.Contains("This study is closed", html, StringComparison.Ordinal);
        Assert.DoesNotContain("data-digit", html, StringComparison.Ordinal);
        Assert.Empty(State(server).Sheet(1).Events);
    }

    private static HumanStudyService Service(TestServer server) => server.Services.GetRequiredService<HumanStudyService>();

    private static HumanStudyState State(TestServer server) => Service(server).List().Single();

    private static async Task<string> InviteAsync(TestServer server)
    {
        await Service(server).CreateAsync(Studies.Small(), Ct);
        return $"/annotate/{(await Service(server).InviteAsync("s1", "Ada", Ct)).Token}";
    }

    private static string ItemOf(string html) => Item().Match(html).Groups[1].Value;

    private static async Task<(HttpStatusCode Status, string Html)> GetAsync(TestServer server, string path)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path, Ct);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<(HttpStatusCode Status, string Html)> PostAsync(TestServer server, string path, params (string Name, string Value)[] fields)
    {
        using FormUrlEncodedContent content = new(fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
        using HttpResponseMessage response = await server.Client.PostAsync(path, content, Ct);
        return (response.StatusCode, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(Ct)));
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]+)\"")]
    private static partial Regex Addresses();

    [GeneratedRegex("name=\"item\" value=\"([^\"]+)\"")]
    private static partial Regex Item();

    [GeneratedRegex("name=\"shown\" value=\"\\d+\"")]
    private static partial Regex Shown();

    [GeneratedRegex("<details class=\"hidden-texts\".*?</details>", RegexOptions.Singleline)]
    private static partial Regex Hidden();

    [GeneratedRegex(@"<kbd[^>]*>(\d)</kbd><span>([^<]+)</span>")]
    private static partial Regex Choices();
}
