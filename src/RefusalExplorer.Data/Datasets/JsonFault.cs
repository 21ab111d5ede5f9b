using System.Text.Json;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A JSON error in one line, without .NET's own position words.</summary>
internal static class JsonFault
{
    public static string Describe(Exception e)
    {
        string message = e.Message.ReplaceLineEndings(" ");
        int tail = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (tail > 0)
            message = message[..tail].TrimEnd();
        string at = e is JsonException { BytePositionInLine: { } position } ? $" (byte {position + 1} of the line)" : "";
        return $"broken JSON{at}: {message.TrimEnd('.')}";
    }
}
