using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Engine;

/// <summary>An SAE feature, written <c>L{layer}-{index}</c>: both 0-based, the layer's SAE sits on <c>blocks.{layer}.hook_resid_post</c>.</summary>
/// <param name="Layer">0-based block whose output the SAE reads.</param>
/// <param name="Index">0-based column of <c>W_enc</c>.</param>
[JsonConverter(typeof(FeatureIdJsonConverter))]
public readonly record struct FeatureId(int Layer, int Index) : IComparable<FeatureId>, ISpanParsable<FeatureId>
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"L{Layer}-{Index}");

    /// <summary>Reads <c>L12-98914</c> (case-insensitive, surrounding blanks allowed).</summary>
    /// <exception cref="FormatException">The text is not of that form; the message shows the form.</exception>
    public static FeatureId Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out FeatureId id)
            ? id
            : throw new FormatException($"'{s.Trim()}' is not a feature: expected L<layer>-<index>, for example L12-98914");

    /// <inheritdoc cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>
    public static FeatureId Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out FeatureId result)
    {
        result = default;
        s = s.Trim();
        int dash = s.IndexOf('-');
        if (dash < 2 || s[0] is not ('L' or 'l'))
            return false;
        if (!int.TryParse(s[1..dash], NumberStyles.None, CultureInfo.InvariantCulture, out int layer) ||
            !int.TryParse(s[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            return false;
        result = new FeatureId(layer, index);
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out FeatureId result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public int CompareTo(FeatureId other) => Layer != other.Layer ? Layer.CompareTo(other.Layer) : Index.CompareTo(other.Index);

    /// <summary>Layer first, then index.</summary>
    public static bool operator <(FeatureId left, FeatureId right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(FeatureId left, FeatureId right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(FeatureId left, FeatureId right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(FeatureId left, FeatureId right) => left.CompareTo(right) >= 0;
}
