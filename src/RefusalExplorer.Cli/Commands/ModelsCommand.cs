using System.CommandLine;
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
                context.WriteLine($"  SAEs     {(row.Saes.Count == 0 ? "none" : $"layers {string.Join(", ", row.Saes.Select(s => s.Layer + (s.Present ? "" : " (missing)")))}")}");
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
            [.. catalog.SaesOf(model).Select(s => new SaeRow(s.Key, s.Value, File.Exists(s.Value) || Directory.Exists(s.Value)))]);
    }

    private sealed record ModelRow(
        string Name, string Description, string? Repo, string? Weights, string? Problem, string? Architecture, int? Layers, int? ModelDim,
        string Device, string Dtype, IReadOnlyList<SaeRow> Saes)
    {
        public bool Ready => Problem is null && Saes.All(s => s.Present);
    }

    private sealed record SaeRow(int Layer, string Path, bool Present);
}
