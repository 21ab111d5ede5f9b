using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

/// <summary>A hub and, on another port, the place where its large files are kept; both do what the real ones do, and fail on demand.</summary>
public sealed class FakeHub : IAsyncDisposable
{
    public const string Repo = "org/model";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _large = [];
    private LocalServer _hub = null!, _store = null!;

    public Uri Address => _hub.Address;

    public string CommitNow { get; set; } = Commit;

    /// <summary><c>false</c> or <c>"manual"</c>.</summary>
    public string Gated { get; set; } = "false";

    /// <summary>The token that may read gated files.</summary>
    public string? Accepted { get; set; }

    /// <summary>Runs before the hub answers; true: it answered.</summary>
    public Func<HttpContext, Task<bool>> HubFault { get; set; } = _ => Task.FromResult(false);

    /// <summary>Runs before the store of large files answers; true: it answered.</summary>
    public Func<HttpContext, byte[], Task<bool>> StoreFault { get; set; } = (_, _) => Task.FromResult(false);

    public IReadOnlyCollection<SeenRequest> HubSeen => _hub.Seen;

    public IReadOnlyCollection<SeenRequest> StoreSeen => _store.Seen;

    public static async Task<FakeHub> StartAsync()
    {
        var hub = new FakeHub();
        hub._hub = await LocalServer.StartAsync(hub.AnswerAsync);
        hub._store = await LocalServer.StartAsync(hub.AnswerStoreAsync);
        return hub;
    }

    public HubOptions Options(string cache, string? token = null) => new()
    {
        Endpoint = _hub.Address,
        CacheFolder = cache,
        Token = () => token is null ? null : new HubToken(token, "HF_TOKEN"),
        FirstDelay = TimeSpan.FromMilliseconds(1),
        LongestDelay = TimeSpan.FromMilliseconds(5),
        FreeSpace = _ => long.MaxValue,
    };

    public byte[] Add(string path, int size, bool large = true)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return Add(path, bytes, large);
    }

    public byte[] Add(string path, byte[] bytes, bool large = false)
    {
        _files[path] = bytes;
        if (large)
            _large.Add(path);
        return bytes;
    }

    public string Hash(string path) => _large.Contains(path) ? Sha256(_files[path]) : GitHash(_files[path]);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _store.DisposeAsync();
    }

    public static async Task RefuseAsync(HttpContext context, int status, string? code = null, string? message = null)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        if (message is not null)
            context.Response.Headers["X-Error-Message"] = message;
        await context.Response.WriteAsync("no");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (await HubFault(context))
            return;
        string path = context.Request.Path.Value!;
        if (path.StartsWith($"/api/models/{Repo}/revision/", StringComparison.Ordinal))
            await InfoAsync(context, path);
        else if (path.StartsWith($"/{Repo}/resolve/{CommitNow}/", StringComparison.Ordinal))
            await ResolveAsync(context, path[$"/{Repo}/resolve/{CommitNow}/".Length..]);
        else
            await RefuseAsync(context, 401, null, "Invalid username or password.");
    }

    private async Task InfoAsync(HttpContext context, string path)
    {
        if (!path.EndsWith("/main", StringComparison.Ordinal) && !path.EndsWith("/" + CommitNow, StringComparison.Ordinal) && !path.EndsWith("/v1%2Fx", StringComparison.Ordinal))
        {
            await RefuseAsync(context, 404, "RevisionNotFound", "Invalid rev id");
            return;
        }
        if (context.Request.QueryString.Value != "?blobs=true")
        {
            await RefuseAsync(context, 400);
            return;
        }
        IEnumerable<string> siblings = _files.Select(f => _large.Contains(f.Key)
            ? $$$"""{"rfilename":"{{{f.Key}}}","blobId":"{{{GitHash(f.Value[..Math.Min(9, f.Value.Length)])}}}","size":{{{f.Value.Length}}},"lfs":{"sha256":"{{{Sha256(f.Value)}}}","size":{{{f.Value.Length}}},"pointerSize":133}}"""
            : $$"""{"rfilename":"{{f.Key}}","blobId":"{{GitHash(f.Value)}}","size":{{f.Value.Length}}}""");
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync($$"""{"id":"{{Repo}}","sha":"{{CommitNow}}","gated":{{Gated}},"private":false,"siblings":[{{string.Join(',', siblings)}}]}""");
    }

    private async Task ResolveAsync(HttpContext context, string path)
    {
        if (Gated != "false" && context.Request.Headers.Authorization != $"Bearer {Accepted}")
        {
            await RefuseAsync(context, context.Request.Headers.Authorization.Count == 0 ? 401 : 403, "GatedRepo", "Access to this model is restricted.");
            return;
        }
        if (!_files.TryGetValue(path, out byte[]? bytes))
        {
            await RefuseAsync(context, 404, "EntryNotFound", "Entry not found");
        }
        else if (_large.Contains(path))
        {
            context.Response.StatusCode = 302;
            context.Response.Headers["X-Linked-Etag"] = $"\"{Sha256(bytes)}\"";
            context.Response.Headers.Location = new Uri(_store.Address, "/signed/" + Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal) + "?signature=1").ToString();
        }
        else
        {
            context.Response.Headers.ETag = $"\"{GitHash(bytes)}\"";
            await SendAsync(context, bytes);
        }
    }

    private async Task AnswerStoreAsync(HttpContext context)
    {
        byte[] bytes = _files[context.Request.Path.Value!["/signed/".Length..]];
        if (!await StoreFault(context, bytes))
            await SendAsync(context, bytes);
    }

    /// <summary>The bytes, or the range that was asked for.</summary>
    public static async Task SendAsync(HttpContext context, byte[] bytes, int? cutAfter = null)
    {
        int from = 0;
        if (context.Request.Headers.Range.FirstOrDefault() is { } range)
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            if (from >= bytes.Length)
            {
                context.Response.StatusCode = 416;
                return;
            }
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{bytes.Length - 1}/{bytes.Length}";
        }
        context.Response.ContentLength = bytes.Length - from;
        int count = Math.Min(cutAfter ?? int.MaxValue, bytes.Length - from);
        await context.Response.Body.WriteAsync(bytes.AsMemory(from, count));
        await context.Response.Body.FlushAsync();
        if (cutAfter is not null)
            context.Abort();
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    [SuppressMessage("Security", "CA5350", Justification = "Git's own name of a blob")]
    private static string GitHash(byte[] bytes) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
}
