using System.Text.Json;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>The codebook in use, which anybody may edit.</summary>
public sealed class Codebooks(IDocumentStore documents)
{
    private const string Collection = "codebooks";
    private const string Key = "features";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>It was edited; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>The codebook: the paper's groups until somebody edits it.</summary>
    public Codebook Current =>
        documents.TryGet(Collection, Key, out string? json) && JsonSerializer.Deserialize<Codebook>(json, Json) is { Labels.IsDefaultOrEmpty: false } own
            ? own
            : Codebook.Paper;

    /// <summary>Replaces it. Annotations keep the labels that they have.</summary>
    /// <exception cref="PipelineException">It makes no sense; see <see cref="Codebook.Validate"/>.</exception>
    public async Task SaveAsync(Codebook codebook, CancellationToken cancellation = default)
    {
        codebook.Validate();
        await documents.PutAsync(Collection, Key, JsonSerializer.Serialize(codebook, Json), cancellation).ConfigureAwait(false);
        Changed?.Invoke();
    }
}
