using System.CommandLine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>analyze ID [REQUEST.json]</c>: one analysis of the paper on any feature set; without an id it lists them.</summary>
internal static class AnalyzeCommand
{
    public static Command Create(CommandFactory factory)
    {
        var id = new Argument<string?>("ID") { Description = "The analysis; leave it out to list all", Arity = ArgumentArity.ZeroOrOne };
        var request = new Argument<string?>("REQUEST.json")
        {
            Description = "Model, features, prompts, settings; - reads standard input; left out: the demo model with its own prompts",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var output = new Option<string?>("--out") { Description = "Also writes every table as CSV and the whole result as JSON into this folder" };
        return factory.Create(
            "analyze", "Runs one of the paper's analyses", [id, request, output],
            async (context, cancellation) =>
            {
                if (context.Arguments.GetValue(id) is not { } name)
                    return List(context);
                AnalysisRequest asked = await ReadAsync(context.Arguments.GetValue(request), cancellation).ConfigureAwait(false);
                AnalysisResult result = await new AnalysisSession(context).RunAsync(name, asked, cancellation).ConfigureAwait(false);
                if (context.Arguments.GetValue(output) is { } folder)
                    AnalysisFiles.Write(folder, result);
                AnalysisText.Write(context, result);
                return ExitCode.Ok;
            });
    }

    private static int List(CommandContext context)
    {
        AnalysisCatalog catalog = context.Session.Get<AnalysisCatalog>();
        if (context.Json)
            context.WriteJson(catalog.All.Select(a => a.Info));
        foreach (AnalysisInfo info in context.Json ? [] : catalog.All.Select(a => a.Info))
            context.WriteLine($"{info.Id,-20} {info.Title} — {info.Paper}");
        return ExitCode.Ok;
    }

    private static async Task<AnalysisRequest> ReadAsync(string? path, CancellationToken cancellation) => path switch
    {
        null => new AnalysisRequest(),
        "-" => AnalysisJson.ReadRequest<AnalysisRequest>(await Console.In.ReadToEndAsync(cancellation).ConfigureAwait(false), "standard input"),
        _ => AnalysisJson.ReadRequest<AnalysisRequest>(CommandContext.ReadFile(path), path),
    };
}
