using System.Collections.Immutable;
using System.CommandLine;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>models</c>: configured models, where their weights are, what is missing.</summary>
internal static class ModelsCommand
{
    public static Command Create(CommandFactory factory) => factory.Create(
        "models", "Configured models, where their weights are, what is missing", [],
        (context, _) =>
        {
            ModelCatalog catalog = context.Session.Get<ModelCatalog>();
            ModelRow[] rows = [.. catalog.Models.Select(m => Describe(catalog, m))];
            if (context.Json)
            {
                context.WriteJson(rows);
                return Task.FromResult(ExitCode.Ok);
            }
            foreach (ModelRow row in rows)
            {
                context.WriteLine($"{row.Name}  {row.Description}");
                context.WriteLine($"  weights  {row.Weights ?? "missing"}{(row.Problem is null ? "" : $" ({row.Problem})")}");
                context.WriteLine($"  SAEs     {Saes(row.Saes)}");
            }
            return Task.FromResult(ExitCode.Ok);
        });

    private static ModelRow Describe(ModelCatalog catalog, ConfiguredModel model)
    {
        string? weights = catalog.WeightsOf(model), problem = null, architecture = null;
        int? layers = null, dim = null;
        try
        {
            using OpenedCheckpoint checkpoint = CheckpointReader.Open(catalog.Resolve(model.Name).Path);
            architecture = checkpoint.Config.Family.ToString();
            layers = checkpoint.Config.Layers;
            dim = checkpoint.Config.ModelDim;
        }
        catch (EngineException e)
        {
            problem = e.Message;
        }
        return new ModelRow(
            model.Name, model.Description, model.Repo, weights, problem, architecture, layers, dim, model.Device, model.Dtype,
            Saes(catalog, model));
    }

    // Configured ones are listed whether or not anything of their repository is here: without a snapshot there is no folder to name.
    private static SaeRow[] Saes(ModelCatalog catalog, ConfiguredModel model)
    {
        ImmutableSortedDictionary<int, string> here = catalog.SaesOf(model);
        return [.. ModelFiles.SaePathsOf(model).OrderBy(s => s.Key).Select(s =>
        {
            string path = here.GetValueOrDefault(s.Key, s.Value);
            return new SaeRow(s.Key, path, here.ContainsKey(s.Key) && (File.Exists(path) || Directory.Exists(path)), model.SaeRepo);
        })];
    }

    private static string Saes(IReadOnlyList<SaeRow> saes)
    {
        SaeRow[] missing = [.. saes.Where(s => !s.Present)];
        string[] parts =
        [
            .. saes.Count == missing.Length ? Array.Empty<string>() : [$"layers {string.Join(", ", saes.Where(s => s.Present).Select(s => s.Layer))}"],
            .. missing.Length == 0 ? Array.Empty<string>()
                : [$"missing at layers {string.Join(", ", missing.Select(s => s.Layer))}{(missing[0].Repo is { } repo ? $" (from {repo})" : "")}"],
        ];
        return saes.Count == 0 ? "none" : string.Join("; ", parts);
    }

    private sealed record ModelRow(
        string Name, string Description, string? Repo, string? Weights, string? Problem, string? Architecture, int? Layers, int? ModelDim,
        string Device, string Dtype, IReadOnlyList<SaeRow> Saes)
    {
        public bool Ready => Problem is null && Saes.All(s => s.Present);
    }

    private sealed record SaeRow(int Layer, string Path, bool Present, string? Repo);
}
