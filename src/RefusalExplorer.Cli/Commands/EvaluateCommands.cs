using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Cli.Commands;

/// <summary>
/// <c>evaluate</c>, <c>redundancy</c> and <c>taxonomy</c> <c>STUDY.json</c>: the analyses that belong together, on what a study found or on a hand-made
/// feature set. One that fails leaves the others alone.
/// </summary>
internal static class EvaluateCommands
{
    private static readonly ImmutableArray<string> Proof = ["attack-success", "controls", "judge-agreement", "benign-refusals", "kl", "cross-entropy"];
    private static readonly ImmutableArray<string> Hydra = ["redundancy", "causal-links", "bos-clamp"];
    private static readonly ImmutableArray<string> Categories = ["taxonomy", "activation-statistics", "overlap"];

    /// <summary>The three commands.</summary>
    public static IEnumerable<Command> CreateAll(CommandFactory factory)
    {
        var all = new Option<bool>("--all") { Description = "Runs every analysis of the paper" };
        return
        [
            Create(factory, "evaluate", "Proves a study's sets, or a hand-made one: attack success, controls, judges, costs", Proof, all),
            Create(factory, "redundancy", "Which dormant features wake, what links the stages, and clamping at the first token", Hydra, null),
            Create(factory, "taxonomy", "Features by harm category, by kind of prompt, and their overlap", Categories, null),
        ];
    }

    private static Command Create(CommandFactory factory, string name, string description, ImmutableArray<string> usual, Option<bool>? all)
    {
        var file = new Argument<string>("STUDY.json") { Description = "A study's definition or folder, or a request with features as for 'analyze'; - reads standard input" };
        var output = new Option<string?>("--out") { Description = "The study's folder (as for 'study'), or where a hand-made set's tables go. A study's go to its folder's analyses" };
        var only = new Option<string[]>("--only") { Description = "Only these analyses; ids as 'analyze' lists them", AllowMultipleArgumentsPerToken = true };
        var prompts = new Option<int?>("--prompts") { Description = "Prompts of each kind, spread over the set; left out: all refused prompts of a study, and 20 harmless ones" };
        return factory.Create(name, description, all is null ? [file, output, only, prompts] : [file, output, only, prompts, all], async (context, cancellation) =>
        {
            StudyInput input = await StudyInput.ReadAsync(
                context, context.Arguments.GetRequiredValue(file), context.Arguments.GetValue(output), cancellation).ConfigureAwait(false);
            if (input is { Result: null, HandMade: null })
                throw new EngineException($"{input.Folder}: expected a study's folder, with result.json in it");
            AnalysisRequest request = Take(input.Request(context, cancellation), context.Arguments.GetValue(prompts));
            AnalysisCatalog catalog = context.Session.Get<AnalysisCatalog>();
            ImmutableArray<string> ids = context.Arguments.GetValue(only) is { Length: > 0 } named
                ? [.. named.Select(n => catalog.Get(n).Info.Id)]
                : all is not null && context.Arguments.GetValue(all) ? [.. catalog.All.Select(a => a.Info.Id)] : usual;
            return await RunAsync(context, ids, request, input.Analyses, cancellation).ConfigureAwait(false);
        });
    }

    private static async Task<int> RunAsync(
        CommandContext context, ImmutableArray<string> ids, AnalysisRequest request, string? folder, CancellationToken cancellation)
    {
        if (request.Settings is not null && ids.Length > 1)
        {
            throw new EngineException(
                $"settings: they belong to one analysis, and this runs {ids.Length} ({string.Join(", ", ids)}); name one with --only, or use 'analyze'");
        }
        AnalysisSession session = new(context);
        List<AnalysisResult> results = [];
        int failed = 0;
        foreach (string id in ids)
        {
            context.Log($"— {id}");
            try
            {
                AnalysisResult result = await session.RunAsync(id, request, cancellation).ConfigureAwait(false);
                results.Add(result);
                if (folder is not null)
                    AnalysisFiles.Write(folder, result);
                if (!context.Json)
                    AnalysisText.Write(context, result);
            }
            catch (EngineException e) when (ids.Length > 1)
            {
                context.Log($"{id}: {e.Message}");
                failed++;
            }
        }
        if (context.Json)
            context.Session.Output.WriteLine(JsonSerializer.Serialize(results, AnalysisJson.Options));
        else if (folder is not null)
            context.WriteLine($"tables in {folder}; 'refusal-explorer report' makes one file of them");
        return failed == 0 ? ExitCode.Ok : ExitCode.BadInput;
    }

    private static AnalysisRequest Take(AnalysisRequest request, int? prompts) => prompts is null ? request : request with
    {
        Harmful = (request.Harmful ?? new PromptSelection()) with { Take = prompts },
        Harmless = (request.Harmless ?? new PromptSelection()) with { Take = prompts },
    };
}
