using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Someone who was invited.</summary>
/// <param name="Number">1 for the first; names the annotator in exports and seeds the order.</param>
/// <param name="Name">As the researcher wrote it.</param>
/// <param name="TokenHash">SHA-256 of the invitation's token; null where the invitation was withdrawn.</param>
/// <param name="InvitedAt">UTC time of the invitation.</param>
public sealed record Annotator(int Number, string Name, string? TokenHash, DateTimeOffset InvitedAt);

/// <summary>Who takes part, and whether the study is over.</summary>
public sealed record HumanStudyRoster
{
    /// <summary>In order of their numbers.</summary>
    public ImmutableArray<Annotator> Annotators { get; init; } = [];

    /// <summary>UTC time of the end; null while answers are taken.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>Tokens of invitations: shown once, kept as a hash only.</summary>
public static class InvitationToken
{
    private const int Bytes = 18;

    /// <summary>Characters of a token.</summary>
    public const int Length = Bytes * 4 / 3;

    /// <summary>A new token: 144 random bits in the alphabet of addresses.</summary>
    public static string Create() =>
        Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)).Replace('+', '-').Replace('/', '_');

    /// <summary>What is kept of it.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
