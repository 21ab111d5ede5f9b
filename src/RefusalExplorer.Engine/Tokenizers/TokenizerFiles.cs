using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>What the readers of tokenizer files share.</summary>
internal static class TokenizerFiles
{
    internal static byte[] ReadAll(string path, long most)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= most ? File.ReadAllBytes(path) : throw new CheckpointFormatException(path, $"{length} bytes, expected at most {most}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointFormatException(path, $"cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>An added token as tokenizer.json and tokenizer_config.json write it.</summary>
    internal static AddedToken Added(string path, int id, JsonElement token)
    {
        var fields = new JsonFields(path, token);
        return new AddedToken(
            id,
            fields.Text("content") ?? throw fields.Refuse("content", $"added token {id} has none"),
            fields.Flag("special") ?? false,
            fields.Flag("lstrip") ?? false,
            fields.Flag("rstrip") ?? false,
            fields.Flag("normalized") ?? false,
            fields.Flag("single_word") ?? false);
    }
}
