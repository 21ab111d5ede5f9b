using System.Text.Json;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>JSON of checkpoints, with every way of being wrong turned into one line.</summary>
internal static class CheckpointJson
{
    private const long MaxFileBytes = 100_000_000;

    /// <summary>Parses an object.</summary>
    /// <exception cref="CheckpointFormatException">It is not JSON, or not an object.</exception>
    internal static JsonDocument Parse(string path, ReadOnlyMemory<byte> utf8)
    {
        JsonDocument? document = null;
        Guard(path, "not valid JSON", () => document = JsonDocument.Parse(utf8));
        if (document!.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        JsonValueKind kind = document.RootElement.ValueKind;
        document.Dispose();
        throw new CheckpointFormatException(path, $"a JSON {kind}, expected an object");
    }

    /// <summary>Reads and parses a file that holds an object.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, larger than 100 MB, or not a JSON object.</exception>
    internal static JsonDocument ParseFile(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > MaxFileBytes)
                throw new CheckpointFormatException(path, $"{info.Length} bytes, expected at most {MaxFileBytes}");
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointFormatException(path, $"cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>Runs code that walks a document: a missing field, a wrong kind and text that is not UTF-8 become one line.</summary>
    internal static void Guard(string path, string what, Action walk)
    {
        try
        {
            walk();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new CheckpointFormatException(path, $"{what}: {e.Message}", inner: e);
        }
    }
}
