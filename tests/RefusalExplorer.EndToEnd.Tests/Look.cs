using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>Colours and width of a browser window.</summary>
/// <param name="Scheme">What the system prefers.</param>
/// <param name="Width">In pixels.</param>
public sealed record Look(ColorScheme Scheme, int Width)
{
    public const int Desktop = 1440;
    public const int Phone = 390;

    /// <summary>A desktop in light colours.</summary>
    public static Look Usual { get; } = new(ColorScheme.Light, Desktop);

    /// <summary>Every page is looked at in these: <c>[Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]</c>.</summary>
    public static TheoryData<ColorScheme, int> All { get; } = new()
    {
        { ColorScheme.Light, Desktop },
        { ColorScheme.Dark, Desktop },
        { ColorScheme.Light, Phone },
        { ColorScheme.Dark, Phone },
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme.ToString().ToLowerInvariant()}-{Width}";
}
