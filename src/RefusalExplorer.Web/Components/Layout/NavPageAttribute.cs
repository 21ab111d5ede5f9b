using System.Collections.Immutable;
using System.Reflection;
using Microsoft.AspNetCore.Components;

namespace RefusalExplorer.Web.Components.Layout;

/// <summary>Puts a page into the navigation: write it on the page beside its route.</summary>
/// <param name="title">Its name in the bar.</param>
/// <param name="order">Smaller is further left.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NavPageAttribute(string title, int order) : Attribute
{
    public string Title { get; } = title;

    public int Order { get; } = order;
}

/// <summary>An entry of the navigation.</summary>
/// <param name="Title">Its name in the bar.</param>
/// <param name="Href">Where it leads.</param>
/// <param name="Order">Smaller is further left.</param>
/// <param name="Roots">First path segments of all the page's routes; empty for the root.</param>
public sealed record NavPage(string Title, string Href, int Order, ImmutableArray<string> Roots)
{
    /// <summary>The pages that exist.</summary>
    public static ImmutableArray<NavPage> All { get; } =
    [
        .. from type in typeof(NavPage).Assembly.GetTypes()
           let nav = type.GetCustomAttribute<NavPageAttribute>()
           where nav is not null
           let routes = type.GetCustomAttributes<RouteAttribute>().Select(r => r.Template).ToArray()
           // A page may have several routes; the one without parameters is the entry.
           let entry = routes.First(r => !r.Contains('{', StringComparison.Ordinal))
           orderby nav.Order
           select new NavPage(nav.Title, entry, nav.Order, [.. routes.Select(Root).Distinct()]),
    ];

    /// <summary>Whether an address belongs to the page: its entry, or something below one of its routes.</summary>
    /// <param name="path">From the root, with or without a query.</param>
    public bool Covers(string path) => Roots.Contains(Root(path));

    private static string Root(string path) => path.TrimStart('/').Split('/', '?', '#')[0];
}
