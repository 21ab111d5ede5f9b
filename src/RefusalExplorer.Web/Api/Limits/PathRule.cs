using System.Collections.Immutable;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Hosting.Security;

namespace RefusalExplorer.Web.Api.Limits;

/// <summary>Keeps requests from naming files of this machine where others than its user are served.</summary>
internal sealed class PathRule(AppSettings settings, AccessPolicy access, ModelCatalog models, IDirectionStore directions)
{
    /// <summary>Whether requests may name files.</summary>
    public bool Allowed { get; } = settings.Api.AllowPaths ?? !access.NeedsToken;

    /// <summary>Refuses a probe that names files.</summary>
    /// <exception cref="ApiException">It does.</exception>
    public void Check(ProbeRequest request)
    {
        Model(request.Model);
        Direction(request.Direction);
        if (!Allowed && !request.Saes.IsEmpty)
            throw Refused("saes");
    }

    /// <summary>Refuses an analysis that names files.</summary>
    /// <exception cref="ApiException">It does.</exception>
    public void Check(AnalysisRequest request)
    {
        Model(request.Model);
        Direction(request.Direction);
        foreach (Pipeline.Analyses.Requests.PromptSelection? prompts in ImmutableArray.Create(request.Harmful, request.Harmless))
            PromptSet(prompts?.Set);
    }

    /// <summary>Refuses a study that names files.</summary>
    /// <exception cref="ApiException">It does.</exception>
    public void Check(StudyDefinition study)
    {
        Model(study.Model);
        Direction(study.Direction.Use);
        if (!Allowed && !study.Saes.IsEmpty)
            throw Refused("saes");
        StudySets sets = study.Sets;
        foreach (Pipeline.Studies.PromptSelection? prompts in ImmutableArray.Create(
            sets.Prompts, sets.HarmfulTrain, sets.HarmlessTrain, sets.HarmfulVal, sets.HarmlessVal, sets.InteractionHarmful, sets.InteractionHarmless))
        {
            PromptSet(prompts?.Set);
        }
    }

    /// <summary>Refuses a model that is not configured.</summary>
    /// <exception cref="ApiException">It is none of the configured names.</exception>
    public void Model(string name)
    {
        if (!Allowed && models.Models.All(m => m.Name != name))
            throw ApiException.BadRequest($"model '{name}': expected one of {string.Join(", ", models.Models.Select(m => m.Name))}");
    }

    /// <summary>Refuses a direction that is not a stored one.</summary>
    /// <exception cref="ApiException">It is not.</exception>
    public void Direction(string? pathOrId)
    {
        if (!Allowed && pathOrId is not null && !directions.TryGet(pathOrId, out _))
            throw ApiException.BadRequest($"direction '{pathOrId}': there is no stored direction of that id");
    }

    /// <summary>Refuses prompts that are not of an embedded set.</summary>
    /// <exception cref="ApiException">They are not.</exception>
    public void PromptSet(string? set)
    {
        if (!Allowed && set is not null && !set.StartsWith("demo:", StringComparison.Ordinal))
            throw Refused("a prompt set's path");
    }

    /// <summary>Refuses a file.</summary>
    /// <exception cref="ApiException">One is named.</exception>
    public void File(string? path, string field)
    {
        if (!Allowed && path is not null)
            throw Refused(field);
    }

    private static ApiException Refused(string field) => new(StatusCodes.Status403Forbidden, "paths-refused",
        $"{field} names a file of the server; that is refused where others are served, unless RefusalExplorer:Api:AllowPaths is set");
}
