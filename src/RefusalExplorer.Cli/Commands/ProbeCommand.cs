using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>probe</c>: one experiment, or an array of them on a model that is loaded once.</summary>
internal static class ProbeCommand
{
    public static Command Create(CommandFactory factory)
    {
        var request = new Argument<string>("REQUEST.json") { Description = "A request, or an array of requests; - reads standard input" };
        var tensors = new Option<string?>("--tensors") { Description = "Writes what \"capture\" asks for to a safetensors file" };
        return factory.Create(
            "probe", "Runs one experiment: baseline against intervened", [request, tensors],
            async (context, cancellation) =>
            {
                string path = context.Arguments.GetRequiredValue(request);
                if (context.Arguments.GetValue(tensors) is { } wanted)
                    OutputFile.Check(wanted, "--tensors");
                string text = path == "-" ? await Console.In.ReadToEndAsync(cancellation).ConfigureAwait(false) : CommandContext.ReadFile(path);
                using JsonDocument document = Parse(path, text);
                bool array = document.RootElement.ValueKind == JsonValueKind.Array;
                JsonElement[] items = array ? [.. document.RootElement.EnumerateArray()] : [document.RootElement];
                var answers = new List<object>();
                var written = new List<TensorData>();
                for (int i = 0; i < items.Length; i++)
                {
                    try
                    {
                        ProbeAnswer answer = await RunAsync(context, path, items[i], cancellation).ConfigureAwait(false);
                        answers.Add(answer);
                        string prefix = array ? i.ToString(CultureInfo.InvariantCulture) + "." : "";
                        written.AddRange(answer.Tensors.Select(t => new TensorData(prefix + t.Key, t.Value.Values, t.Value.Shape)));
                    }
                    catch (Exception e) when (array && e is not OperationCanceledException)
                    {
                        // Even a fault of the program's own: the other answers may be hours of work.
                        string problem = e is EngineException ? e.Message : $"unexpected {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
                        context.Log($"[{i}]: {problem}");
                        answers.Add(new ProbeFailure(problem));
                    }
                }
                if (context.Arguments.GetValue(tensors) is { } file)
                    SafetensorsFile.Write(file, written);
                Write(context, array, answers);
                return answers.Any(a => a is ProbeFailure) ? ExitCode.BadInput : ExitCode.Ok;
            });
    }

    private static JsonDocument Parse(string path, string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new EngineException($"{path}: expected a JSON object or an array of them; {e.Message}", e);
        }
    }

    private static Task<ProbeAnswer> RunAsync(CommandContext context, string path, JsonElement item, CancellationToken cancellation)
    {
        ProbeRequest request = ProbeJson.Read(item, path);
        ProbeRunner runner = context.Session.Get<ProbeRunner>();
        return context.Session.Get<EngineHost>().RunAsync("probe", (session, ct) => runner.Run(session, request, ct), cancellation: cancellation);
    }

    private static void Write(CommandContext context, bool array, List<object> answers)
    {
        if (context.Json)
        {
            context.WriteJson(array ? answers : answers[0]);
            return;
        }
        foreach (object answer in answers)
            ProbeText.Write(context, answer);
    }
}

/// <summary>A request that failed among others.</summary>
internal sealed record ProbeFailure(string Error);
