using System.Text;
using System.Text.Json;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.Example;

/// <summary>A script for the server that is asked for it: its address and a model that it has are filled in.</summary>
internal static class PythonExample
{
    private const string Server = "http://127.0.0.1:5217", Model = "demo";

    private static readonly string Template = Read();

    public static void MapPythonExample(this IEndpointRouteBuilder api) => api
        .MapGet("/example.py", (HttpContext context, ModelCatalog models, string? model = null) => Results.Text(
            For($"{context.Request.Scheme}://{context.Request.Host}", Known(models, model)), "text/x-python", Encoding.UTF8))
        .WithName("pythonExample").WithSummary("A Python script that uses this server, with the standard library alone")
        .Produces(StatusCodes.Status200OK, contentType: "text/x-python").ProducesProblem(StatusCodes.Status404NotFound);

    /// <summary>The script.</summary>
    /// <param name="server">Address without a slash at its end.</param>
    /// <param name="model">Model that it uses.</param>
    public static string For(string server, string model) => Template
        .Replace($"SERVER = \"{Server}\"", $"SERVER = {Literal(server)}", StringComparison.Ordinal)
        .Replace($"MODEL = \"{Model}\"", $"MODEL = {Literal(model)}", StringComparison.Ordinal)
        .Replace("curl -s SERVER/", $"curl -s {server}/", StringComparison.Ordinal);

    // Escaped, a JSON text is a Python text.
    private static string Literal(string text) => JsonSerializer.Serialize(text);

    private static string Known(ModelCatalog models, string? name) => name is null
        ? models.Models.FirstOrDefault(m => models.WeightsOf(m) is not null)?.Name ?? Model
        : models.Models.Any(m => m.Name == name)
            ? name
            : throw ApiException.NotFound($"model '{name}': there is none of that name; GET /api/v1/models lists all");

    private static string Read()
    {
        using Stream stream = typeof(PythonExample).Assembly.GetManifestResourceStream("example.py")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
