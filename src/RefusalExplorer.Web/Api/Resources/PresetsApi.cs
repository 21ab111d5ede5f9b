using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Presets;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Edits with names, and the stored directions that edits may name.</summary>
internal static class PresetsApi
{
    public static void MapPresets(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("presets");
        group.MapGet("", (PresetLibrary presets) => presets.List())
            .WithName("listPresets").WithSummary("Edits with names; chat clients use them as the model <model>@<preset>");
        group.MapGet("{name}", (string name, PresetLibrary presets) => Find(presets, name))
            .WithName("getPreset").WithSummary("A preset").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPut("{name}", async (string name, PresetInput body, PresetLibrary presets, PathRule paths, CancellationToken cancellation) =>
            {
                paths.Direction(body.Direction);
                var preset = new Preset { Name = name, Description = body.Description, Model = body.Model, Interventions = body.Interventions, Direction = body.Direction };
                await presets.SaveAsync(preset, cancellation);
                return preset;
            })
            .WithName("putPreset").WithSummary("Adds a preset, or replaces the one of that name");
        group.MapDelete("{name}", async (string name, PresetLibrary presets, CancellationToken cancellation) =>
                await presets.DeleteAsync(name, cancellation) ? Results.NoContent() : throw ApiException.NotFound($"preset '{name}': there is none of that name that could be deleted"))
            .WithName("deletePreset").WithSummary("Removes a preset").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/directions", (IDirectionStore directions, string? model) => directions.List(model).Select(d => new DirectionView(d.Id, d.Model, d.Hook, d.Position, d.CreatedAt)))
            .WithName("listDirections").WithSummary("Stored directions, newest first; their ids stand for them in requests");
        api.MapGet("/directions/vector", (IDirectionStore directions, string id) => directions.TryGet(id, out StoredDirection? found)
                ? found
                : throw ApiException.NotFound($"direction '{id}': there is none of that id"))
            .WithName("getDirection").WithSummary("A direction with its vector").ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>The preset of that name.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public static Preset Find(PresetLibrary presets, string name) =>
        presets.Find(name) ?? throw ApiException.NotFound($"preset '{name}': expected one of {string.Join(", ", presets.List().Select(p => p.Name))}");

    /// <summary>A preset without its name, which the address has.</summary>
    internal sealed record PresetInput
    {
        /// <summary>One line that says what it does.</summary>
        public string Description { get; init; } = "";

        /// <summary>The configured model that its features belong to; null: any.</summary>
        public string? Model { get; init; }

        /// <summary>The edits, in order.</summary>
        public ImmutableArray<ProbeIntervention> Interventions { get; init; } = [];

        /// <summary>Direction of edits along one: a stored id, or null for the model's default.</summary>
        public string? Direction { get; init; }
    }

    /// <summary>A direction without its vector.</summary>
    internal sealed record DirectionView(string Id, string Model, string Hook, int? Position, DateTimeOffset CreatedAt);
}
