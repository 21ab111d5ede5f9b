using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Tests.Checkpoints;
using RefusalExplorer.Engine.Tokenizers;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Tokenizers;

/// <summary>
/// The paper's two models as GGUF files hold their vocabularies (llama.cpp, <c>convert_hf_to_gguf.py</c>: SentencePiece scores for Gemma, merges for
/// Llama), made here of the reference's own tokenizer.json, against the reference's ids.
/// </summary>
public sealed class GgufVocabularyTests : IDisposable
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, OneByte = 6;
    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Gemma_OfScores_IsAsTheReferenceHasIt()
    {
        using JsonDocument json = Read(TokenizerFolders.Gemma2);
        (string[] pieces, int[] types) = Vocabulary(json.RootElement);
        for (int id = 0; id < pieces.Length; id++)
        {
            if (types[id] == Normal && pieces[id] is ['<', '0', 'x', _, _, '>'])
                types[id] = OneByte;
        }
        types[Array.IndexOf(pieces, "<unk>")] = Unknown;
        TokenizerGolden golden = TokenizerGolden.Read("gemma2");
        string path = Write(new GgufBuilder()
            .Text("tokenizer.ggml.model", "llama").Texts("tokenizer.ggml.tokens", pieces).WholeNumbers("tokenizer.ggml.token_type", types)
            .Numbers("tokenizer.ggml.scores", Scores(json.RootElement, pieces, types))
            .WholeNumber("tokenizer.ggml.bos_token_id", 2).WholeNumber("tokenizer.ggml.eos_token_id", 1).WholeNumber("tokenizer.ggml.unknown_token_id", 3)
            .Flag("tokenizer.ggml.add_bos_token", true).Flag("tokenizer.ggml.add_eos_token", false).Flag("tokenizer.ggml.add_space_prefix", false)
            .Text("tokenizer.chat_template", golden.ChatTemplate));

        Check(path, golden);
    }

    [Fact]
    public void Llama31_OfMerges_IsAsTheReferenceHasIt()
    {
        using JsonDocument json = Read(TokenizerFolders.Llama31);
        (string[] pieces, int[] types) = Vocabulary(json.RootElement);
        TokenizerGolden golden = TokenizerGolden.Read("llama31");
        string path = Write(new GgufBuilder()
            .Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "llama-bpe").Texts("tokenizer.ggml.tokens", pieces)
            .WholeNumbers("tokenizer.ggml.token_type", types).Texts("tokenizer.ggml.merges", [.. Merges(json.RootElement).Select(m => $"{m.Left} {m.Right}")])
            .WholeNumber("tokenizer.ggml.bos_token_id", 128000).WholeNumber("tokenizer.ggml.eos_token_id", 128009)
            .Text("tokenizer.chat_template", golden.ChatTemplate));

        Check(path, golden);
    }

    private static void Check(string path, TokenizerGolden golden)
    {
        using GgufFile gguf = GgufFile.Open(path);
        OpenedTokenizer opened = TokenizerReader.FromGguf(gguf)!;

        golden.CheckTexts(opened.Tokenizer);
        golden.CheckChats(opened.Tokenizer, opened.Template!);
    }

    private static JsonDocument Read(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));

    private string Write(GgufBuilder builder)
    {
        string path = Path.Combine(_files.Folder, "vocabulary.gguf");
        File.WriteAllBytes(path, builder.Text("general.architecture", "llama").Build());
        return path;
    }

    private static (string[] Pieces, int[] Types) Vocabulary(JsonElement root)
    {
        JsonElement[] added = [.. root.GetProperty("added_tokens").EnumerateArray()];
        JsonProperty[] own = [.. root.GetProperty("model").GetProperty("vocab").EnumerateObject()];
        var pieces = new string[1 + Math.Max(own.Max(p => p.Value.GetInt32()), added.Max(a => a.GetProperty("id").GetInt32()))];
        int[] types = [.. Enumerable.Repeat(Normal, pieces.Length)];
        foreach (JsonProperty piece in own)
            pieces[piece.Value.GetInt32()] = piece.Name;
        foreach (JsonElement token in added)
        {
            int id = token.GetProperty("id").GetInt32();
            (pieces[id], types[id]) = (token.GetProperty("content").GetString()!, token.GetProperty("special").GetBoolean() ? Control : UserDefined);
        }
        return (pieces, types);
    }

    // A piece's score orders merges as their rank does; pieces that no merge makes are never merged into.
    private static float[] Scores(JsonElement root, string[] pieces, int[] types)
    {
        var ids = new Dictionary<string, int>();
        for (int id = 0; id < pieces.Length; id++)
            ids.TryAdd(pieces[id], id);
        float[] scores = [.. types.Select(t => t == UserDefined ? 0 : -1e6f)];
        int rank = 0;
        foreach ((string left, string right) in Merges(root))
        {
            int id = ids[left + right];
            if (scores[id] == -1e6f)
                scores[id] = -rank;
            rank++;
        }
        return scores;
    }

    private static IEnumerable<(string Left, string Right)> Merges(JsonElement root) => root.GetProperty("model").GetProperty("merges").EnumerateArray()
        .Select(m => m.ValueKind == JsonValueKind.Array ? (m[0].GetString()!, m[1].GetString()!) : (m.GetString()!.Split(' ')[0], m.GetString()!.Split(' ')[1]));
}
