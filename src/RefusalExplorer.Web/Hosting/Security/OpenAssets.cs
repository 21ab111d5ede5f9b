namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Files that those get who come by a link and have no access token. They say nothing of any run.</summary>
internal static class OpenAssets
{
    private static readonly HashSet<string> Paths = new(StringComparer.Ordinal) { "css/annotate.css", "js/annotate.js", "css/watch.css", "js/watch.js", "favicon.svg" };

    /// <summary>Marks them, of all files.</summary>
    public static void OpenToVisitors(this IEndpointConventionBuilder assets) => assets.Add(endpoint =>
    {
        if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } path } && Paths.Contains(path))
            endpoint.Metadata.Add(new OpenToAll());
    });
}
