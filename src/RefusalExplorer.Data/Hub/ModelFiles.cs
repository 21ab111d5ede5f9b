using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Hub;

/// <summary>What a configured model needs from the hub.</summary>
public static class ModelFiles
{
    /// <summary>Its weights, then its SAEs; empty where all of it is named by paths.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layers">Only these layers' SAEs; null for all that are configured.</param>
    /// <exception cref="HubException">A layer has no SAE in the settings.</exception>
    public static ImmutableArray<HubRequest> RequestsOf(ConfiguredModel model, IReadOnlySet<int>? layers = null)
    {
        var requests = ImmutableArray.CreateBuilder<HubRequest>();
        if (model.Path is null && model.Repo is { } repo)
            requests.Add(new HubRequest { Repo = repo });
        ImmutableSortedDictionary<int, string> saes = SaePathsOf(model);
        if (layers?.Except(saes.Keys).Order().ToArray() is { Length: > 0 } unknown)
        {
            throw new HubException(HubFault.Request,
                $"model '{model.Name}': no SAE is configured for layer {string.Join(", ", unknown)}; configured are {string.Join(", ", saes.Keys)}");
        }
        if (model.SaeRepo is { } saeRepo)
        {
            ImmutableArray<string> include = [.. saes.Where(s => layers?.Contains(s.Key) != false).SelectMany(s => Patterns(s.Value))];
            if (!include.IsEmpty)
                requests.Add(new HubRequest { Repo = saeRepo, Include = include });
        }
        return requests.ToImmutable();
    }

    /// <summary>The SAE path of each layer inside <see cref="ConfiguredModel.SaeRepo"/>.</summary>
    public static ImmutableSortedDictionary<int, string> SaePathsOf(ConfiguredModel model) => model.SaePaths.Count > 0
        ? model.SaePaths
        : model.SaeLayers.ToImmutableSortedDictionary(
            l => l, l => (model.Saes ?? "").Replace("{l}", l.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    // A path that ends like a file is one; a folder is taken with all that is in it.
    private static string[] Patterns(string path) =>
        Path.GetExtension(path) is ".npz" or ".safetensors" ? [path] : [path.TrimEnd('/') + "/"];
}
