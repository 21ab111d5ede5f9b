using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Completions;
using RefusalExplorer.Pipeline.Presets;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>OpenAI's API, so that chat clients and evaluation harnesses can be pointed at an ablated model.</summary>
internal static class OpenAiEndpoints
{
    /// <summary>New tokens where a chat request names no number.</summary>
    private const int ChatTokens = 512;

    /// <summary>New tokens where a text request names no number, as OpenAI has it.</summary>
    private const int TextTokens = 16;

    public static void MapOpenAi(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder v1 = routes.MapGroup("/v1").RequireRateLimiting(ApiServices.RateLimit).ExcludeFromDescription();
        v1.MapGet("/models", Models);
        v1.MapGet("/models/{**name}", (string name, ModelCatalog catalog, PresetLibrary presets) =>
            Names(catalog, presets).Contains(name) ? Results.Json(Model(name), OpenAiJson.Options) : throw NoModel(name));
        v1.MapPost("/chat/completions", ChatAsync);
        v1.MapPost("/completions", TextAsync);
    }

    private static IResult Models(ModelCatalog catalog, PresetLibrary presets) =>
        Results.Json(new { @object = "list", data = Names(catalog, presets).Select(Model) }, OpenAiJson.Options);

    // Models whose weights are here, alone and with each preset that fits.
    private static IEnumerable<string> Names(ModelCatalog catalog, PresetLibrary presets) => catalog.Models
        .Where(m => catalog.WeightsOf(m) is not null)
        .SelectMany(m => presets.List().Where(p => p.Model is null || p.Model == m.Name).Select(p => $"{m.Name}{NamedModel.Separator}{p.Name}").Prepend(m.Name));

    private static object Model(string name) => new { id = name, @object = "model", created = 0, owned_by = "refusal-explorer" };

    private static async Task ChatAsync(HttpContext context, Server server)
    {
        ChatRequest request = await ReadAsync<ChatRequest>(context);
        request.Check();
        NamedModel model = server.Find(request, context);
        CompletionRequest asked = server.Request(request, model, [request.Prompt()], request.MaxCompletionTokens ?? request.MaxTokens, ChatTokens, request.Choices) with
        {
            Template = request.Template,
        };
        (string id, long created) = ($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        if (!request.Stream)
        {
            await WriteAsync(context, Answers.Chat(id, model.Name, created, request, await server.RunAsync(context, asked)));
            return;
        }
        TokenStream stream = await server.StreamAsync(context, asked);
        await EventStream.WriteAsync(context, new Chunks(id, model.Name, created).ChatAsync(stream, request, context.RequestAborted), OpenAiJson.Options);
    }

    private static async Task TextAsync(HttpContext context, Server server)
    {
        TextRequest request = await ReadAsync<TextRequest>(context);
        request.Check();
        NamedModel model = server.Find(request, context);
        CompletionRequest asked = server.Request(request, model, request.Prompts(server.MostPrompts), request.MaxTokens, TextTokens, request.Logprobs) with
        {
            AddSpecial = request.AddSpecialTokens,
            PromptChoices = request is { Echo: true, Logprobs: { } n } ? n : null,
        };
        (string id, long created) = ($"cmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        if (!request.Stream)
        {
            await WriteAsync(context, Answers.Text(id, model.Name, created, request, await server.RunAsync(context, asked)));
            return;
        }
        TokenStream stream = await server.StreamAsync(context, asked);
        await EventStream.WriteAsync(
            context, new Chunks(id, model.Name, created).TextAsync(stream, request, asked.Prompts.Length * asked.Copies, context.RequestAborted), OpenAiJson.Options);
    }

    private static Task WriteAsync(HttpContext context, object answer) => context.Response.WriteAsJsonAsync(answer, OpenAiJson.Options, context.RequestAborted);

    private static async Task<T> ReadAsync<T>(HttpContext context)
    {
        JsonElement body = await ApiBody.ReadAsync(context);
        return body.Deserialize<T>(OpenAiJson.Options) ?? throw ApiException.BadRequest("the body: expected an object, found null");
    }

    private static ApiException NoModel(string name) =>
        new(StatusCodes.Status404NotFound, "model-not-found", $"model '{name}': there is none of that name here; GET /v1/models lists all");

    /// <summary>What both kinds of completions need.</summary>
    internal sealed class Server(EngineTurns turns, CompletionRunner runner, ModelCatalog catalog, PresetLibrary presets, PathRule paths, AppSettings settings)
    {
        /// <summary>Prompts taken at once.</summary>
        public int MostPrompts => settings.Api.MaxBatch;

        /// <summary>The model that a request names.</summary>
        /// <exception cref="ApiException">There is none of that name, or files are named where none may be.</exception>
        public NamedModel Find(SamplingRequest request, HttpContext context)
        {
            NamedModel model = NamedModel.Read(request.Model, context, presets);
            if (catalog.Models.All(m => m.Name != model.Model))
                throw NoModel(request.Model);
            paths.Direction(request.Direction);
            return model;
        }

        /// <summary>The request as the runner takes it.</summary>
        public CompletionRequest Request(
            SamplingRequest request, NamedModel model, ImmutableArray<Pipeline.Experiments.PromptSource> prompts, int? maxTokens, int defaultTokens, int? choices)
        {
            int most = settings.Api.MaxNewTokens;
            if (maxTokens > most)
                throw ApiException.BadRequest($"max_tokens {maxTokens}: at most {most} are generated here");
            ImmutableArray<ProbeIntervention> preset = model.Preset?.Interventions ?? [];
            return new CompletionRequest
            {
                Model = model.Model,
                Prompts = prompts,
                Copies = request.N ?? 1,
                Interventions = [.. preset, .. request.Interventions],
                Direction = request.Direction ?? model.Preset?.Direction,
                Generation = request.Generation(maxTokens ?? Math.Min(defaultTokens, most), choices),
                FitContext = maxTokens is null,
            };
        }

        /// <summary>The whole answer.</summary>
        public Task<CompletionAnswer> RunAsync(HttpContext context, CompletionRequest request) =>
            turns.RunAsync(context, "completion", (EngineSession session, CancellationToken ct) => runner.Run(session, request, null, ct));

        /// <summary>The answer token by token; it has begun when this returns.</summary>
        public async Task<TokenStream> StreamAsync(HttpContext context, CompletionRequest request)
        {
            var stream = new TokenStream();
            await stream.BeginAsync(
                onToken => turns.RunAsync(context, "completion", (EngineSession session, CancellationToken ct) => runner.Run(session, request, onToken, ct)),
                context.RequestAborted);
            return stream;
        }
    }
}
