namespace RefusalExplorer.Web.Api.Limits;

/// <summary>Tells clients apart.</summary>
internal static class ApiClient
{
    /// <summary>Header by which programs of one machine may tell each other apart, so that each gets its turn.</summary>
    public const string Header = "X-Client";

    private const int LongestName = 64;

    /// <summary>The machine that asks: rates are limited by it.</summary>
    public static string Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "local";

    /// <summary>Who asks: turns are given by it.</summary>
    public static string Name(HttpContext context)
    {
        string given = context.Request.Headers[Header].ToString();
        return $"{Address(context)} {(given.Length > LongestName ? given[..LongestName] : given)}";
    }
}
