using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LiteDB;

namespace RefusalExplorer.Data.Store;

/// <summary>Values in the forms in which LiteDB gives them back unchanged.</summary>
internal static class Columns
{
    public static BsonValue Text(string? value) => value is null ? BsonValue.Null : SafeText.Escape(value);

    public static string Text(BsonValue value) => SafeText.Unescape(value.AsString);

    public static string? TextOrNull(BsonValue value) => value.IsNull ? null : Text(value);

    // Ticks, since LiteDB's own date is cut to milliseconds.
    public static BsonValue Time(DateTimeOffset value) => value.UtcTicks;

    public static DateTimeOffset Time(BsonValue value) => new(value.AsInt64, TimeSpan.Zero);

    // Bytes, since LiteDB stores a float array as doubles.
    public static BsonValue Vector(ImmutableArray<float> value) => MemoryMarshal.AsBytes(value.AsSpan()).ToArray();

    public static ImmutableArray<float> Vector(BsonValue value) => [.. MemoryMarshal.Cast<byte, float>(value.AsBinary)];
}
