using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>Tells a resource that does not take a method from one that is not there: the pages' own catch-all route hides the difference.</summary>
internal sealed class OtherMethods(EndpointDataSource endpoints)
{
    private readonly Lazy<(TemplateMatcher Matcher, IReadOnlyList<string> Methods)[]> _routes = new(() =>
    [
        .. from endpoint in endpoints.Endpoints.OfType<RouteEndpoint>()
           let methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods
           where methods is not null && IsApi(endpoint.RoutePattern)
           select (new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []), methods),
    ]);

    /// <summary>The methods that a path takes, without repeats; empty where nothing is there.</summary>
    public IReadOnlyList<string> Of(PathString path) =>
        [.. _routes.Value.Where(r => r.Matcher.TryMatch(path, [])).SelectMany(r => r.Methods).Distinct().Order(StringComparer.Ordinal)];

    private static bool IsApi(RoutePattern pattern) =>
        pattern.RawText is { } text && (text.StartsWith("/api/", StringComparison.Ordinal) || text.StartsWith("/v1/", StringComparison.Ordinal));
}
