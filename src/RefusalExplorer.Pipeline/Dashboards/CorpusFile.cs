using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A text of a corpus.</summary>
/// <param name="Text">The text, special tokens written out.</param>
/// <param name="MayBeHarmful">Whether pages blur it until it is revealed.</param>
public sealed record CorpusText(string Text, bool MayBeHarmful);

/// <summary>A corpus of texts: JSON lines with <c>text</c> and, if known, <c>harmful</c>.</summary>
public static class CorpusFile
{
    private static readonly SubstringJudge Refusals = new();

    /// <summary>All texts. Where a row does not say, a text that holds a refusal counts as one that may be harmful: something was refused.</summary>
    /// <exception cref="PipelineException">The file is missing, holds no text, or a line is not of that form; the message names the line.</exception>
    public static ImmutableArray<CorpusText> Read(string path)
    {
        ImmutableArray<CorpusText>.Builder texts = ImmutableArray.CreateBuilder<CorpusText>();
        int number = 0;
        foreach (string line in Lines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
                texts.Add(Parse(line, path, number));
        }
        return texts.Count > 0 ? texts.DrainToImmutable() : throw new PipelineException($"{path}: no texts; expected JSON lines with \"text\"");
    }

    /// <summary>SHA-256 of the file.</summary>
    /// <exception cref="PipelineException">The file cannot be read.</exception>
    public static string Hash(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static CorpusText Parse(string line, string path, int number)
    {
        try
        {
            using JsonDocument row = JsonDocument.Parse(line);
            if (row.RootElement.ValueKind == JsonValueKind.Object && row.RootElement.TryGetProperty("text", out JsonElement text)
                && text.ValueKind == JsonValueKind.String && text.GetString() is { Length: > 0 } value)
            {
                bool harmful = row.RootElement.TryGetProperty("harmful", out JsonElement flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False
                    ? flag.GetBoolean()
                    : Refusals.Judge(value) is not null;
                return new CorpusText(value, harmful);
            }
        }
        catch (JsonException)
        {
        }
        throw new PipelineException($"{path}: line {number} is not an object with a \"text\"; expected JSON lines such as {{\"text\": \"…\"}}");
    }

    private static PipelineException Unreadable(string path, Exception e) =>
        new($"{path}: the corpus cannot be read: {e.Message}", e);
}
