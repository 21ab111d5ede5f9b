using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Hosting;
using RefusalExplorer.Web.Hosting.Security;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

public sealed partial class AccessTests
{
    private const string Token = "correct horse battery";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://192.168.1.7:0")]
    [InlineData("http://127.0.0.1:0;http://+:0")]
    public void ListeningForOthers_WithoutAToken_IsRefusedBeforeAnythingListens(string urls)
    {
        EngineException e = Assert.Throws<EngineException>(() => Dashboard.Create(["--urls", urls]));
        Assert.Contains("Access:Token", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void ShortToken_IsRefused_WithoutBeingSaid()
    {
        EngineException e = Assert.Throws<EngineException>(() => new AccessPolicy(new AccessSettings { Token = "hunter2" }));
        Assert.Contains("at least 16", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.BadRequest)]
    [InlineData("localhost.evil.example", HttpStatusCode.BadRequest)]
    [InlineData("192.168.1.7", HttpStatusCode.BadRequest)]
    [InlineData("lab.example", HttpStatusCode.OK)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:5217", HttpStatusCode.OK)]
    [InlineData("[::1]", HttpStatusCode.OK)]
    public async Task HostNamesThatOthersCouldPointHere_AreRefused(string host, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync(["Access:AllowedHosts:0=lab.example"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        request.Headers.Host = host;
        using HttpResponseMessage response = await server.Client.SendAsync(request, Ct);
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("http://evil.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData("http://127.0.0.1:1", null, false)]
    [InlineData(null, "cross-site", false)]
    [InlineData(null, "same-origin", true)]
    [InlineData(null, null, true)]
    public async Task WebSocket_OfAPageElsewhere_IsRefused(string? origin, string? site, bool opens)
    {
        await using TestServer server = await TestServer.StartAsync();
        using var socket = new ClientWebSocket();
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        if (site is not null)
            socket.Options.SetRequestHeader("Sec-Fetch-Site", site);
        socket.Options.CollectHttpResponseDetails = true;
        var address = new UriBuilder(server.Address) { Scheme = "ws", Path = "/_blazor" }.Uri;
        if (opens)
        {
            await socket.ConnectAsync(address, Ct);
            Assert.Equal(WebSocketState.Open, socket.State);
        }
        else
        {
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address, Ct));
            Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
        }
    }

    [Fact]
    public async Task SameOriginPage_IsServed_WithThePortThatItSays()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", server.Address.GetLeftPart(UriPartial.Authority));
        await socket.ConnectAsync(new UriBuilder(server.Address) { Scheme = "ws", Path = "/_blazor" }.Uri, Ct);
        Assert.Equal(WebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task WithAToken_NothingIsServedWithoutIt_ButHealth()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={Token}"]);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/healthz"));
        foreach (string path in new[] { "/", "/api/v1/models", "/v1/models", "/css/app.css", "/_blazor/negotiate", "/no/such/page" })
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, path));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, "/css/app.css", "wrong horse battery"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/css/app.css", Token));
    }

    [Fact]
    public async Task Browser_WithoutSignIn_IsSentToTheSignInPage_AndBack()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={Token}"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/css/app.css?x=1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        using HttpResponseMessage redirect = await server.Client.SendAsync(request, Ct);
        Assert.Equal("/login?returnUrl=%2Fcss%2Fapp.css%3Fx%3D1", redirect.Headers.Location!.OriginalString);

        (HttpResponseMessage wrong, _) = await SignInAsync(server, "not the token at all", "/");
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);

        (HttpResponseMessage right, string cookie) = await SignInAsync(server, Token, "/css/app.css?x=1");
        Assert.Equal("/css/app.css?x=1", right.Headers.Location!.OriginalString);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        using var signedIn = new HttpRequestMessage(HttpMethod.Get, "/css/app.css");
        signedIn.Headers.Add("Cookie", cookie.Split(';')[0]);
        using HttpResponseMessage page = await server.Client.SendAsync(signedIn, Ct);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task SignIn_WithoutTheFormsOwnToken_SetsNoCookie()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={Token}"]);
        using HttpResponseMessage response = await server.Client.PostAsync(
            "/login", new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = Token }), Ct);
        Assert.DoesNotContain(response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [], c => c.StartsWith("refusal-explorer=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task GuessingTheToken_IsSlowedDown()
    {
        await using TestServer server = await TestServer.StartAsync([$"Access:Token={Token}"]);
        var statuses = new List<HttpStatusCode>();
        for (int i = 0; i < 12; i++)
        {
            using HttpResponseMessage response = await server.Client.PostAsync("/login", new FormUrlEncodedContent([]), Ct);
            statuses.Add(response.StatusCode);
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
    }

    [Theory]
    [InlineData("/explore/1?x=2", "/explore/1?x=2")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/a\r\nSet-Cookie: x", "/")]
    [InlineData("/login?returnUrl=/login", "/")]
    [InlineData(null, "/")]
    public void ReturnUrl_LeadsNowhereElse(string? asked, string expected) => Assert.Equal(expected, LoginEndpoints.Local(asked));

    [Fact]
    public async Task EveryAnswer_TellsBrowsersToRunOnlyOurOwnFiles()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync("/", Ct);
        string csp = Assert.Single(response.Headers.GetValues("Content-Security-Policy"), c => c.Contains("script-src", StringComparison.Ordinal));
        Assert.StartsWith("default-src 'none'", csp, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", csp, StringComparison.Ordinal);
        string scripts = csp.Split(';').Single(d => d.Trim().StartsWith("script-src", StringComparison.Ordinal));
        Assert.DoesNotContain("unsafe-inline", scripts, StringComparison.Ordinal);
        string nonce = NonceOf().Match(scripts).Groups[1].Value;
        Assert.Contains($"nonce=\"{nonce}\"", (await response.Content.ReadAsStringAsync(Ct)).Replace("&#x2B;", "+", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("/../../../../etc/passwd")]
    [InlineData("/css/..%2f..%2f..%2fappsettings.json")]
    [InlineData("/css/%2e%2e/%2e%2e/appsettings.json")]
    [InlineData("/appsettings.json")]
    [InlineData("/_content/..%5c..%5cappsettings.json")]
    [InlineData("/api/v1/runs/..%2f..%2fetc%2fpasswd")]
    public async Task Paths_LeadOutOfNothing(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        // Uri would tidy the path up before it is sent.
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(server.Address.Host, server.Address.Port, Ct);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), Ct);
        using var reader = new StreamReader(stream);
        string answer = await reader.ReadToEndAsync(Ct);
        Assert.Matches("^HTTP/1.1 (404|400)", answer);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("LogLevel", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Bearer_IsReadWhateverItsCase_AndNothingElseIs()
    {
        var policy = new AccessPolicy(new AccessSettings { Token = Token });
        Assert.True(policy.IsAuthorized($"bearer {Token}"));
        Assert.False(policy.IsAuthorized(Token));
        Assert.False(policy.IsAuthorized("Basic " + Token));
        Assert.False(policy.IsAuthorized(null));
        Assert.True(policy.ServesHost(new HostString("10.0.0.1")));
        Assert.False(policy.ServesHost(new HostString("evil.example")));
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await server.Client.SendAsync(request, Ct);
        return response.StatusCode;
    }

    private static async Task<(HttpResponseMessage Response, string Cookie)> SignInAsync(TestServer server, string token, string returnUrl)
    {
        using HttpResponseMessage form = await server.Client.GetAsync($"/login?returnUrl={Uri.EscapeDataString(returnUrl)}", Ct);
        string html = await form.Content.ReadAsStringAsync(Ct);
        Match field = FormToken().Match(html);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/login")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["token"] = token,
                ["returnUrl"] = returnUrl,
                [field.Groups[1].Value] = WebUtility.HtmlDecode(field.Groups[2].Value),
            }),
        };
        request.Headers.Add("Cookie", form.Headers.GetValues("Set-Cookie").First().Split(';')[0]);
        HttpResponseMessage response = await server.Client.SendAsync(request, Ct);
        string cookie = response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.FirstOrDefault(c => c.StartsWith("refusal-explorer=", StringComparison.Ordinal)) ?? "" : "";
        return (response, cookie);
    }

    [GeneratedRegex("name=\"(__[^\"]+)\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex NonceOf();
}
