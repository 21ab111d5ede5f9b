using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Reads <c>tokenizer.json</c> (Hugging Face <c>tokenizers</c>), byte-pair models.</summary>
internal static class TokenizerJson
{
    private const long MaxFileBytes = 200_000_000;

    /// <exception cref="CheckpointFormatException">The file is broken, or needs a stage that is not here.</exception>
    internal static TokenizerParts Read(string path)
    {
        byte[] bytes = TokenizerFiles.ReadAll(path, MaxFileBytes);
        TokenizerParts? parts = null;
        using JsonDocument document = CheckpointJson.Parse(path, bytes);
        CheckpointJson.Guard(path, "not a tokenizer", () => parts = Read(path, document.RootElement));
        return parts!;
    }

    private static TokenizerParts Read(string path, JsonElement root)
    {
        JsonElement model = root.GetProperty("model");
        Dictionary<string, int> ids = Vocabulary(path, model);
        BpeVocabulary vocabulary = Merges(path, model, ids);
        List<AddedToken> added = Added(path, root);
        var stages = new TokenizerJsonStages(path);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = new TokenizerJsonTemplate(path).Read(Child(root, "post_processor"));
        return new TokenizerParts
        {
            Pieces = Pieces(path, ids, added),
            Model = new BpeModel(vocabulary, Options(path, model, vocabulary)),
            Added = added,
            Normalizer = stages.Normalizer(Child(root, "normalizer")),
            PreTokenizer = stages.PreTokenizer(Child(root, "pre_tokenizer")),
            Before = before,
            After = after,
            Decoding = new TokenizerJsonDecoding(path).Read(Child(root, "decoder")),
        };
    }

    internal static JsonElement? Child(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement child) && child.ValueKind != JsonValueKind.Null ? child : null;

    internal static int Id(string path, JsonElement value, string field) => value.TryGetInt32(out int id) && id is >= 0 and < BpeVocabulary.MaxId
        ? id
        : throw new CheckpointFormatException(path, $"id {value.GetRawText()}, expected 0 to {BpeVocabulary.MaxId - 1}", field);

    private static Dictionary<string, int> Vocabulary(string path, JsonElement model)
    {
        // Files from before 2020 leave the type out.
        string type = Child(model, "type")?.GetString() ?? "BPE";
        if (type != "BPE")
            throw new CheckpointFormatException(path, $"'{type}', expected BPE; models with other tokenizers are not supported", "model.type");
        JsonElement vocab = model.GetProperty("vocab");
        var ids = new Dictionary<string, int>(vocab.GetPropertyCount(), StringComparer.Ordinal);
        foreach (JsonProperty piece in vocab.EnumerateObject())
            ids[piece.Name] = Id(path, piece.Value, "model.vocab");
        return ids;
    }

    private static BpeVocabulary Merges(string path, JsonElement model, Dictionary<string, int> ids)
    {
        JsonElement merges = model.GetProperty("merges");
        var vocabulary = new BpeVocabulary(path, ids, merges.GetArrayLength());
        int prefix = Child(model, "continuing_subword_prefix")?.GetString()?.Length ?? 0;
        int rank = 0;
        foreach (JsonElement merge in merges.EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
            {
                vocabulary.AddMerge(merge[0].GetString(), merge[1].GetString(), rank++, prefix);
                continue;
            }
            string pair = merge.GetString()!;
            int space = pair.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || pair.IndexOf(' ', space + 1) >= 0)
                throw new CheckpointFormatException(path, $"merge {rank} is '{pair}', expected two pieces", "model.merges");
            vocabulary.AddMerge(pair.AsSpan(0, space), pair.AsSpan(space + 1), rank++, prefix);
        }
        return vocabulary;
    }

    private static BpeOptions Options(string path, JsonElement model, BpeVocabulary vocabulary)
    {
        var fields = new JsonFields(path, model);
        int? unknown = null;
        if (fields.Text("unk_token") is { } piece)
        {
            unknown = vocabulary.TryGetId(piece, out int id)
                ? id
                : throw fields.Refuse("unk_token", $"'{piece}' is not in the vocabulary");
        }
        return new BpeOptions(
            unknown,
            fields.Flag("fuse_unk") ?? false,
            fields.Flag("byte_fallback") ?? false,
            fields.Flag("ignore_merges") ?? false,
            fields.Text("continuing_subword_prefix") ?? "",
            fields.Text("end_of_word_suffix") ?? "");
    }

    private static List<AddedToken> Added(string path, JsonElement root)
    {
        var added = new List<AddedToken>();
        foreach (JsonElement token in Child(root, "added_tokens")?.EnumerateArray() ?? default)
            added.Add(TokenizerFiles.Added(path, Id(path, token.GetProperty("id"), "added_tokens"), token));
        return added;
    }

    private static string?[] Pieces(string path, Dictionary<string, int> ids, List<AddedToken> added)
    {
        if (ids.Count + added.Count == 0)
            throw new CheckpointFormatException(path, "no pieces", "model.vocab");
        var pieces = new string?[Math.Max(ids.Values.DefaultIfEmpty(0).Max(), added.Select(t => t.Id).DefaultIfEmpty(0).Max()) + 1];
        foreach ((string piece, int id) in ids)
            pieces[id] = piece;
        foreach (AddedToken token in added)
            pieces[token.Id] = token.Content;
        return pieces;
    }
}
