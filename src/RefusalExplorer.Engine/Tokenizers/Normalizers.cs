using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Changes the text before it is split.</summary>
internal delegate string Normalizer(string text);

/// <summary>The normalizers that byte-pair tokenizers use (<c>tokenizers/src/normalizers</c>).</summary>
internal static class Normalizers
{
    internal static Normalizer None { get; } = text => text;

    internal static Normalizer Sequence(IReadOnlyList<Normalizer> parts) => parts.Count switch
    {
        0 => None,
        1 => parts[0],
        _ => text => parts.Aggregate(text, (t, part) => part(t)),
    };

    internal static Normalizer Replace(string pattern, string content) =>
        pattern.Length == 0 ? None : text => text.Replace(pattern, content, StringComparison.Ordinal);

    internal static Normalizer Replace(TextPattern pattern, string content) => text =>
    {
        var output = new StringBuilder(text.Length);
        int done = 0;
        foreach ((int start, int length) in pattern.Matches(text))
        {
            output.Append(text, done, start - done).Append(content);
            done = start + length;
        }
        return output.Append(text, done, text.Length - done).ToString();
    };

    internal static Normalizer Lowercase { get; } = text => text.ToLowerInvariant();

    internal static Normalizer Strip(bool left, bool right) => text =>
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    };

    internal static Normalizer Unicode(bool compatible, bool compose) => text => UnicodeForms.Normalize(text, compatible, compose);

    internal static Normalizer Prepend(string prefix) => text => text.Length == 0 ? text : prefix + text;
}
