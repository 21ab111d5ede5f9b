using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>Whether a run without the key-value cache gives the same tokens.</summary>
/// <param name="Tokens">Tokens compared, or generated so far.</param>
/// <param name="Verdict">What came out; null while it runs.</param>
/// <param name="Same">Whether all tokens are the same.</param>
public sealed record CacheCheck(int Tokens, string? Verdict, bool Same = false)
{
    /// <summary>Compares two results of the same request.</summary>
    public static CacheCheck Compare(ExperimentResult cached, ExperimentResult uncached)
    {
        int tokens = 0;
        double largest = 0;
        foreach (ArmResult arm in cached.Arms)
        {
            ArmResult other = uncached.Arms.First(a => a.Arm == arm.Arm);
            largest = Math.Max(largest, Math.Abs(arm.RefusalProbability - other.RefusalProbability));
            // A stopped run is compared as far as it went.
            int length = cached.Cancelled ? arm.Generated.Length : Math.Max(arm.Generated.Length, other.Generated.Length);
            for (int i = 0; i < length; i++, tokens++)
            {
                int? a = i < arm.Generated.Length ? arm.Generated[i].Id : null, b = i < other.Generated.Length ? other.Generated[i].Id : null;
                if (a != b)
                    return new CacheCheck(tokens, $"Differs without the cache: {ArmNames.Of(arm.Arm)}, token {i + 1}");
            }
        }
        return new CacheCheck(tokens, FormattableString.Invariant($"Same without the cache: {tokens} tokens, |ΔP(\"I\")| ≤ {largest:0.0e+0}"), Same: true);
    }
}
