using System.Globalization;
using System.Net.Http.Headers;

namespace RefusalExplorer.Data.Hub;

/// <summary>When a hub that answered 429 wants to be asked again.</summary>
internal static class RateLimit
{
    private static readonly TimeSpan Unsaid = TimeSpan.FromSeconds(60);

    /// <summary><c>Retry-After</c>, or the <c>t</c> of <c>RateLimit: "api";r=0;t=55</c>, or a minute.</summary>
    public static TimeSpan Wait(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.RetryAfter is { Delta: { } delta })
            return delta;
        if (headers.RetryAfter is { Date: { } date })
            return date > now ? date - now : TimeSpan.Zero;
        if (!headers.TryGetValues("RateLimit", out IEnumerable<string>? values))
            return Unsaid;
        foreach (string part in string.Join(";", values).Split(';', ',', StringSplitOptions.TrimEntries))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal) && int.TryParse(part.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
                return TimeSpan.FromSeconds(seconds);
        }
        return Unsaid;
    }
}
