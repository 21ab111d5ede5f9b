using System.Text.Json;
using System.Text.Json.Serialization;
using Refit;

namespace RefusalExplorer.Data.Hub;

/// <summary>The two requests that a download needs.</summary>
internal interface IHubApi
{
    /// <summary>A repository's commit and files with their sizes and hashes.</summary>
    [Get("/api/models/{**repo}/revision/{revision}?blobs=true")]
    Task<ApiResponse<HubModelInfo>> InfoAsync(string repo, string revision, CancellationToken cancellation);

    /// <summary>A file's bytes, or those from a position on.</summary>
    [Get("/{**repo}/resolve/{commit}/{**path}")]
    Task<HttpResponseMessage> ResolveAsync(
        string repo, string commit, string path, [Header("Range")] string? range, CancellationToken cancellation);
}

/// <summary>What the hub says of a repository at a revision.</summary>
internal sealed record HubModelInfo
{
    [JsonPropertyName("sha")]
    public string? Sha { get; init; }

    /// <summary><c>false</c>, <c>"auto"</c> or <c>"manual"</c>.</summary>
    [JsonPropertyName("gated")]
    public JsonElement Gated { get; init; }

    [JsonPropertyName("siblings")]
    public IReadOnlyList<HubSibling>? Siblings { get; init; }
}

/// <summary>A file of a repository.</summary>
internal sealed record HubSibling
{
    [JsonPropertyName("rfilename")]
    public string Path { get; init; } = "";

    [JsonPropertyName("size")]
    public long? Size { get; init; }

    /// <summary>The git blob's SHA-1.</summary>
    [JsonPropertyName("blobId")]
    public string? BlobId { get; init; }

    [JsonPropertyName("lfs")]
    public HubLargeFile? Large { get; init; }
}

/// <summary>A file kept outside git.</summary>
internal sealed record HubLargeFile
{
    [JsonPropertyName("sha256")]
    public string? Sha256 { get; init; }

    [JsonPropertyName("size")]
    public long? Size { get; init; }
}
