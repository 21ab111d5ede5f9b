using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Data.Store;

/// <summary>Keys for LiteDB's indexes, which refuse more than 1,023 bytes: short text as it is, longer text as its hash.</summary>
internal static class StoreKey
{
    private const int MaximumBytes = 200;
    private const string HashPrefix = "sha256:";

    public static string For(params ReadOnlySpan<string> parts)
    {
        // Lengths before the parts: ("a|b", "c") and ("a", "b|c") are different keys.
        string joined = parts.Length == 1
            ? SafeText.Escape(parts[0])
            : string.Concat(parts.ToArray().Select(p => $"{p.Length}:{SafeText.Escape(p)}|"));
        byte[] bytes = Encoding.UTF8.GetBytes(joined);
        return bytes.Length <= MaximumBytes && !joined.StartsWith(HashPrefix, StringComparison.Ordinal)
            ? joined
            : HashPrefix + Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
