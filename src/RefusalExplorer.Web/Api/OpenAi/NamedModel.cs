using RefusalExplorer.Pipeline.Presets;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>A model with the preset that goes with its name, or with the header <see cref="Header"/>.</summary>
/// <param name="Name">As the request has it.</param>
/// <param name="Model">The configured model.</param>
/// <param name="Preset">Its edits, or null.</param>
internal sealed record NamedModel(string Name, string Model, Preset? Preset)
{
    /// <summary>Header that names a preset, for clients that check models' names.</summary>
    public const string Header = "X-Preset";

    /// <summary>Between model and preset.</summary>
    public const char Separator = '@';

    /// <summary>Reads a name.</summary>
    /// <exception cref="ApiException">There is no such preset, or it belongs to another model.</exception>
    public static NamedModel Read(string name, HttpContext context, PresetLibrary presets)
    {
        int at = name.LastIndexOf(Separator);
        string model = at < 0 ? name : name[..at];
        string? named = at < 0 ? null : name[(at + 1)..], header = context.Request.Headers[Header];
        if (named is not null && !string.IsNullOrEmpty(header) && named != header)
            throw ApiException.BadRequest($"preset '{named}' in the model's name and '{header}' in {Header}; name one");
        string? preset = named ?? (string.IsNullOrEmpty(header) ? null : header);
        if (preset is null)
            return new NamedModel(name, model, null);
        Preset found = presets.Find(preset) ??
            throw new ApiException(StatusCodes.Status404NotFound, "model-not-found", $"model '{name}': there is no preset '{preset}'; GET /v1/models lists all");
        return found.Model is null || found.Model == model
            ? new NamedModel(name, model, found)
            : throw ApiException.BadRequest($"preset '{preset}' belongs to the model '{found.Model}', not to '{model}'");
    }
}
