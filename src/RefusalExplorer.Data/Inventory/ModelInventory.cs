using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Inventory;

/// <summary>Looks at the files of the configured models: headers alone, no weights, nothing is asked of the network.</summary>
public sealed partial class ModelInventory(ModelCatalog catalog)
{
    /// <summary>What is there of each configured model, the demo first.</summary>
    public ImmutableArray<ModelFacts> All() => [.. catalog.Models.Select(Of)];

    /// <summary>What is there of a model; its SAEs' forms are not read yet.</summary>
    public ModelFacts Of(ConfiguredModel model)
    {
        var facts = new ModelFacts
        {
            Model = model,
            Weights = catalog.WeightsOf(model),
            CanPull = model.SaeRepo is not null || (model.Path is null && model.Repo is not null),
            Saes = Saes(model),
        };
        try
        {
            // Resolve names what is missing in the words of its cause.
            using OpenedCheckpoint checkpoint = CheckpointReader.Open(catalog.Resolve(model.Name).Path);
            return facts with { Config = checkpoint.Config, Fingerprint = checkpoint.Weights.Fingerprint, Bytes = SizeOf(checkpoint.Location) };
        }
        catch (EngineException e)
        {
            return facts with { Problem = e.Message };
        }
    }

    /// <summary>The SAEs of a model with their forms, and whether they fit it.</summary>
    public ImmutableArray<SaeFacts> Read(ModelFacts facts, CancellationToken cancellation = default)
    {
        return [.. facts.Saes.Select(Read)];

        SaeFacts Read(SaeFacts sae)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!sae.Present)
                return sae;
            try
            {
                using Sae opened = Sae.Open(sae.Path, facts.Model.GatingRule);
                if (facts.Config is { } config)
                    opened.CheckFits(config.ModelDim, sae.Layer, facts.Model.Name);
                return sae with { Config = opened.Config, Fingerprint = opened.Fingerprint };
            }
            catch (EngineException e)
            {
                return sae with { Problem = e.Message };
            }
        }
    }

    private ImmutableArray<SaeFacts> Saes(ConfiguredModel model)
    {
        ImmutableSortedDictionary<int, string> here = catalog.SaesOf(model);
        return
        [
            .. ModelFiles.SaePathsOf(model).Select(p => new SaeFacts
            {
                Layer = p.Key,
                Path = here.TryGetValue(p.Key, out string? path) ? path : p.Value,
                Present = path is not null && (File.Exists(path) || Directory.Exists(path)),
                Bytes = path is null ? 0 : SizeOf(path),
                L0 = L0Of(p.Value),
                Explained = ExplainedSaes.Of(model, p.Key),
            }),
        ];
    }

    private static int? L0Of(string path) => PathL0().Match(path) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    // The files of a snapshot are links into the cache: their targets have the sizes.
    private static long SizeOf(string path)
    {
        if (Directory.Exists(path))
            return new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => SizeOf(f.FullName));
        var file = new FileInfo(path);
        if (file.LinkTarget is not null)
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : 0;
        return file.Exists ? file.Length : 0;
    }

    [GeneratedRegex(@"average_l0_(\d{1,6})")]
    private static partial Regex PathL0();
}
