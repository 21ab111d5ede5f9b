using System.Collections.Immutable;
using System.CommandLine;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>pull</c>: weights and SAEs from the model hub into its standard cache.</summary>
internal static class PullCommand
{
    public static Command Create(CommandFactory factory)
    {
        var name = new Argument<string>("REPO") { Description = "A repository on the model hub, or a configured model: its weights and its SAEs" };
        var include = new Option<string[]>("--include") { Description = "Only files whose path matches, e.g. 'layer_5/*'; may be repeated", AllowMultipleArgumentsPerToken = true };
        var revision = new Option<string>("--revision") { Description = "Branch, tag or commit", DefaultValueFactory = _ => "main" };
        var layers = new Option<int[]>("--layers") { Description = "Of a configured model: only the SAEs of these layers", AllowMultipleArgumentsPerToken = true };
        var verify = new Option<bool>("--verify") { Description = "Reads files that are there again and compares their hashes" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Shows what would be fetched" };
        return factory.Create(
            "pull", "Fetches weights and SAEs from the model hub into its cache; resumes, checks hashes, reuses what is there",
            [name, include, revision, layers, verify, dryRun],
            async (context, cancellation) =>
            {
                ParseResult arguments = context.Arguments;
                ImmutableArray<HubRequest> requests = Requests(
                    context.Session.Get<ModelCatalog>(), arguments.GetRequiredValue(name), [.. arguments.GetValue(include) ?? []], arguments.GetValue(layers) ?? []);
                HubDownloader downloader = context.Session.Get<HubDownloader>();
                try
                {
                    var results = new List<object>();
                    foreach (HubRequest request in requests)
                    {
                        HubRequest full = request with { Revision = arguments.GetValue(revision)!, Verify = arguments.GetValue(verify) };
                        results.Add(arguments.GetValue(dryRun)
                            ? Show(context, await downloader.PlanAsync(full, cancellation).ConfigureAwait(false))
                            : Show(context, await PullAsync(context, downloader, full, cancellation).ConfigureAwait(false)));
                    }
                    if (context.Json)
                        context.WriteJson(results.Count == 1 ? results[0] : results);
                    return ExitCode.Ok;
                }
                catch (HubException e) when (e.Fault is HubFault.Server or HubFault.Offline or HubFault.RateLimited or HubFault.DiskFull or HubFault.Damaged)
                {
                    // Not the command line's fault.
                    context.Log(e.Message);
                    return ExitCode.Failed;
                }
            });
    }

    private static ImmutableArray<HubRequest> Requests(ModelCatalog catalog, string name, ImmutableArray<string> include, int[] layers)
    {
        if (catalog.Models.FirstOrDefault(m => m.Name == name) is not { } model)
        {
            return layers.Length == 0
                ? [new HubRequest { Repo = name, Include = include }]
                : throw new HubException(HubFault.Request, $"--layers: '{name}' is no configured model ({string.Join(", ", catalog.Models.Select(m => m.Name))}); choose files with --include");
        }
        if (!include.IsEmpty)
            throw new HubException(HubFault.Request, $"--include: '{name}' is a configured model; choose SAEs with --layers, or name a repository");
        ImmutableArray<HubRequest> requests = ModelFiles.RequestsOf(model, layers.Length > 0 ? layers.ToHashSet() : null);
        return requests.IsEmpty
            ? throw new HubException(HubFault.Request, $"model '{name}' is configured by its path ({model.Path}); there is nothing to fetch")
            : requests;
    }

    private static async Task<HubPull> PullAsync(CommandContext context, HubDownloader downloader, HubRequest request, CancellationToken cancellation)
    {
        using var progress = new PullProgress(context.Session.Error);
        return await downloader.PullAsync(request, progress, cancellation).ConfigureAwait(false);
    }

    private static HubPull Show(CommandContext context, HubPull pull)
    {
        if (!context.Json)
            context.WriteLine($"{pull.Repo}  {pull.Files.Length} files, {ByteSize.Text(pull.Size)}, {ByteSize.Text(pull.Fetched)} fetched  {pull.Folder}");
        return pull;
    }

    private static HubPlan Show(CommandContext context, HubPlan plan)
    {
        if (context.Json)
            return plan with { Others = [] };
        foreach (HubFile file in plan.Files)
            context.WriteLine($"{file.State.ToString().ToLowerInvariant(),-8} {ByteSize.Text(file.Size),9}  {file.Path}");
        context.WriteLine($"{plan.Repo}@{plan.Commit[..8]}: {plan.Files.Length} of {plan.Files.Length + plan.Others.Length} files, {ByteSize.Text(plan.Size)}, {ByteSize.Text(plan.ToFetch)} to fetch");
        return plan;
    }
}
