using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Annotate;
using RefusalExplorer.Web.Hosting.Security;

namespace RefusalExplorer.Web.Annotate;

/// <summary>
/// The page of those who were invited to a human study. It is plain HTML and a form, not a part of the interactive app: the link must open this
/// and nothing else, and a phone that loses its network in between must lose no answer.
/// </summary>
internal static class AnnotateEndpoints
{
    public const string Path = "/annotate";
    private const string NoAnswer = "Nothing is chosen: choose all labels that fit, or None.";

    public static void MapAnnotate(this IEndpointRouteBuilder routes)
    {
        // Who holds the link is known by it; its 144 random bits also stand for the antiforgery token, since no other page can know them.
        routes.MapGet($"{Path}/{{token}}", Show).WithMetadata(new OpenToAll()).ExcludeFromDescription();
        routes.MapPost($"{Path}/{{token}}", TakeAsync).WithMetadata(new OpenToAll()).DisableAntiforgery().ExcludeFromDescription();
    }

    private static RazorComponentResult<AnnotateDocument> Show(string token, HttpContext context, HumanStudyService studies)
    {
        studies.TryView(token, out AnnotatorView? view);
        return Page(context, view, null, view is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK);
    }

    private static async Task<IResult> TakeAsync(string token, HttpContext context, HumanStudyService studies)
    {
        if (!studies.TryView(token, out AnnotatorView? view) || !context.Request.HasFormContentType)
            return Page(context, null, null, StatusCodes.Status404NotFound);
        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (!TryRead(form, out Sent? sent))
            return Page(context, view, NoAnswer, StatusCodes.Status422UnprocessableEntity);
        try
        {
            // Not cancelled with the request: a phone that goes away has sent its answer.
            await (sent.Undo ? studies.UndoAsync(token) : studies.AnswerAsync(token, sent.Item, sent.Labels, sent.ShownAt));
            return Results.LocalRedirect($"{Path}/{token}");
        }
        catch (StoreException e)
        {
            return Page(context, view, $"This answer was not saved ({e.Message}). Tell the one who invited you, and send it again.", StatusCodes.Status503ServiceUnavailable);
        }
        catch (EngineException e)
        {
            return Page(context, view, e.Message, StatusCodes.Status422UnprocessableEntity);
        }
    }

    private static bool TryRead(IFormCollection form, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Sent? sent)
    {
        StringValues labels = form["label"];
        bool none = form.ContainsKey("none"), undo = form["action"] == "undo";
        DateTimeOffset? shown = long.TryParse(form["shown"], NumberStyles.None, CultureInfo.InvariantCulture, out long at) && at < 253402300800000
            ? DateTimeOffset.FromUnixTimeMilliseconds(at)
            : null;
        sent = undo || none != labels.Count > 0 ? new Sent(undo, form["item"].ToString(), [.. labels.OfType<string>()], shown) : null;
        return sent is not null;
    }

    private static RazorComponentResult<AnnotateDocument> Page(HttpContext context, AnnotatorView? view, string? error, int status)
    {
        context.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<AnnotateDocument>(new Dictionary<string, object?> { [nameof(AnnotateDocument.View)] = view, [nameof(AnnotateDocument.Error)] = error })
        {
            StatusCode = status,
        };
    }

    private sealed record Sent(bool Undo, string Item, IReadOnlyList<string> Labels, DateTimeOffset? ShownAt);
}
