using System.Text.Json;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>One experiment in one request, as <c>refusal-explorer probe</c> takes and answers it.</summary>
internal static class ProbeApi
{
    public static void MapProbe(this IEndpointRouteBuilder api)
    {
        api.MapPost("/probe", RunAsync)
            .WithName("probe").WithSummary("Baseline against intervened: probabilities, logits, effects, KL and, if asked for, the generated texts")
            .WithDescription("The body may also be an array of requests: the answer is then an array in the same order, and a request that fails has {\"error\": …} in its place.")
            .Accepts<ProbeRequest>("application/json").Produces<ProbeAnswer>();
        api.MapPost("/probe/tensors", TensorsAsync)
            .WithName("probeTensors").WithSummary("What \"capture\" asks for, as a safetensors file")
            .Accepts<ProbeRequest>("application/json").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
    }

    private static async Task<object> RunAsync(HttpContext context, ProbeRunner runner, EngineTurns turns, PathRule paths, AppSettings settings)
    {
        JsonElement body = await ApiBody.ReadAsync(context);
        if (body.ValueKind != JsonValueKind.Array)
            return await AnswerAsync(ProbeJson.Read(body, "the body"), context, runner, turns, paths, settings.Api);
        if (body.GetArrayLength() > settings.Api.MaxBatch)
            throw ApiException.BadRequest($"{body.GetArrayLength()} requests; at most {settings.Api.MaxBatch} are taken at once");
        var answers = new List<object>();
        foreach (JsonElement item in body.EnumerateArray())
        {
            try
            {
                answers.Add(await AnswerAsync(ProbeJson.Read(item, $"the body at $[{answers.Count}]"), context, runner, turns, paths, settings.Api));
            }
            catch (Exception e) when (e is EngineException and not EngineBusyException or ApiException)
            {
                answers.Add(new ProbeFailure(Problem.OneLine(e.Message)));
            }
        }
        return answers;
    }

    private static async Task<IResult> TensorsAsync(HttpContext context, ProbeRunner runner, EngineTurns turns, PathRule paths, AppSettings settings)
    {
        ProbeAnswer answer = await AnswerAsync(ProbeJson.Read(await ApiBody.ReadAsync(context), "the body"), context, runner, turns, paths, settings.Api);
        if (answer.Tensors.IsEmpty)
            throw ApiException.BadRequest("nothing was captured: expected \"capture\" with any of logits, residual and features");
        string file = Path.Combine(Path.GetTempPath(), $"refusal-explorer-{Guid.NewGuid():N}.safetensors");
        SafetensorsFile.Write(file, [.. answer.Tensors.Select(t => new TensorData(t.Key, t.Value.Values, t.Value.Shape))]);
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        return Results.Stream(stream, "application/octet-stream", "probe.safetensors");
    }

    private static Task<ProbeAnswer> AnswerAsync(
        ProbeRequest request, HttpContext context, ProbeRunner runner, EngineTurns turns, PathRule paths, ApiSettings limits)
    {
        paths.Check(request);
        if (request.Generate?.MaxNewTokens > limits.MaxNewTokens)
            throw ApiException.BadRequest($"generate.maxNewTokens {request.Generate.MaxNewTokens}: at most {limits.MaxNewTokens} are generated here");
        return turns.RunAsync(context, "probe", (session, ct) => runner.Run(session, request, ct));
    }

    private sealed record ProbeFailure(string Error);
}
