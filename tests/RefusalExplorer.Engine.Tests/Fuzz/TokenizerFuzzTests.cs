using System.Text;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Engine.Tests.Checkpoints;
using RefusalExplorer.Engine.Tokenizers;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Fuzz;

public sealed class TokenizerFuzzTests : IDisposable
{
    private const string Text = "Hello <x> wörld\n 12 🙂";

    private const string ByteLevel = """
        {"version":"1.0","truncation":null,"padding":null,
         "added_tokens":[{"id":8,"content":"<x>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"a"},"content":"b"}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}|[^\\s]+|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<x>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<x>":{"id":"<x>","ids":[8],"tokens":["<x>"]}}},
         "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":true,
          "vocab":{"H":0,"e":1,"l":2,"o":3,"He":4,"ll":5,"Hell":6,"Ġ":7},"merges":["H e","l l",["He","ll"]]}}
        """;

    private const string Config = """
        {"bos_token":"<x>","eos_token":{"content":"<x>","special":true},"add_bos_token":true,"add_eos_token":false,"added_tokens_decoder":{"8":{"content":"<x>","special":true},"9":{"content":"<y>"}},
         "chat_template":[{"name":"default","template":"{{ messages }}"},{"name":"tool","template":"x"}]}
        """;

    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void TokenizerJson_OpensOrIsRefused_AndEncodesWhatItOpens()
    {
        Use(_files.Folder, ByteLevel, Config);
        Survival.Check(4000, m => () => Use(_files.Folder, m.Text(ByteLevel), Config));
    }

    [Fact]
    public void TokenizerConfig_OpensOrIsRefused() => Survival.Check(2000, m => () => Use(_files.Folder, ByteLevel, m.Text(Config)));

    [Fact]
    public void SentencePieces_OpenOrAreRefused()
    {
        byte[] good = Pieces();
        string path = _files.Write("tokenizer.model", good);
        Assert.NotEmpty(TokenizerReader.TryOpen(_files.Folder)!.Tokenizer.Encode(Text, addSpecial: true));
        Survival.Check(3000, m => () =>
        {
            File.WriteAllBytes(path, m.Bytes(good));
            TokenizerReader.TryOpen(_files.Folder)!.Tokenizer.Encode(Text, addSpecial: true);
        });
    }

    [Fact]
    public void GgufWithATokenizer_OpensOrIsRefused()
    {
        byte[] good = new GgufBuilder().Text("general.architecture", "llama").Text("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", 9, w => Array(w, 8, ["<unk>", "<s>", "▁", "H", "e", "He", "▁He", "l"], GgufBuilder.WriteText))
            .Add("tokenizer.ggml.scores", 9, w => Array(w, 6, [0f, 0, -1, -2, -3, -4, -5, -6], (b, v) => b.Write(v)))
            .Add("tokenizer.ggml.token_type", 9, w => Array(w, 5, [2, 3, 1, 1, 1, 1, 1, 1], (b, v) => b.Write(v)))
            .WholeNumber("tokenizer.ggml.bos_token_id", 1).WholeNumber("tokenizer.ggml.eos_token_id", 1).WholeNumber("tokenizer.ggml.unknown_token_id", 0)
            .Text("tokenizer.chat_template", "{{ messages[0]['content'] }}").Build();
        string path = _files.Write("m.gguf", good);
        using (GgufFile file = GgufFile.Open(path))
            Assert.Equal([1, 6, 7, 7], TokenizerReader.FromGguf(file)!.Tokenizer.Encode("Hell", addSpecial: true));
        Survival.Check(3000, m => () =>
        {
            File.WriteAllBytes(path, m.Bytes(good));
            using GgufFile file = GgufFile.Open(path);
            TokenizerReader.FromGguf(file)?.Tokenizer.Encode(Text, addSpecial: true);
        });
    }

    [Fact]
    public void ModelConfiguration_OpensOrIsRefused()
    {
        _files.CopyOfGolden("models/gemma2-hub");
        foreach (string name in (string[])["config.json", "generation_config.json"])
        {
            string good = File.ReadAllText(_files.PathOf(name));
            Survival.Check(name == "config.json" ? 1500 : 400, m => () =>
            {
                Write(_files.PathOf(name), m.Text(good));
                CheckpointReader.Open(_files.Folder).Dispose();
            });
            File.WriteAllText(_files.PathOf(name), good);
        }
    }

    [Fact]
    public void SaeConfiguration_OpensOrIsRefused()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "demo-model", "saes", "blocks.8.hook_resid_post");
        string good = File.ReadAllText(Path.Combine(folder, "cfg.json"));
        File.CreateSymbolicLink(_files.PathOf("sae_weights.safetensors"), Path.Combine(folder, "sae_weights.safetensors"));
        Survival.Check(3000, m => () =>
        {
            Write(_files.PathOf("cfg.json"), m.Text(good));
            Sae.Open(_files.Folder).Dispose();
        });
    }

    [Fact]
    public void DeepJson_IsRefused_NotAStackOverflow()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"normalizers\":[", 50_000));
        Assert.ThrowsAny<EngineException>(() => Use(_files.Folder, deep, Config));
        Assert.ThrowsAny<EngineException>(() => Use(_files.Folder, ByteLevel, deep));
    }

    // A lone surrogate has no UTF-8 form; it becomes U+FFFD here.
    private static void Write(string path, string text) => File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    private static void Use(string folder, string tokenizer, string config)
    {
        Write(Path.Combine(folder, "tokenizer.json"), tokenizer);
        Write(Path.Combine(folder, "tokenizer_config.json"), config);
        OpenedTokenizer opened = TokenizerReader.TryOpen(folder)!;
        opened.Tokenizer.Decode(opened.Tokenizer.Encode(Text, addSpecial: true));
        opened.Template?.Render([new ChatMessage("user", "x")]);
    }

    private static void Array<T>(BinaryWriter writer, uint type, T[] values, Action<BinaryWriter, T> write)
    {
        writer.Write(type);
        writer.Write((ulong)values.Length);
        foreach (T value in values)
            write(writer, value);
    }

    // sentencepiece_model.proto: pieces (1) with text, score and type, trainer_spec (2) of type BPE, normalizer_spec (3).
    private static byte[] Pieces()
    {
        var model = new List<byte>();
        foreach ((string text, float score, int type) in ((string, float, int)[])[("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("▁", -1, 1), ("H", -2, 1), ("e", -3, 1), ("He", -4, 1), ("▁He", -5, 1), ("<0x0A>", 0, 6)])
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            byte[] piece = [0x0A, (byte)utf8.Length, .. utf8, 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)type];
            model.AddRange([0x0A, (byte)piece.Length, .. piece]);
        }
        model.AddRange([0x12, 2, 0x18, 2, 0x1A, 2, 0x18, 1]);
        return [.. model];
    }
}
