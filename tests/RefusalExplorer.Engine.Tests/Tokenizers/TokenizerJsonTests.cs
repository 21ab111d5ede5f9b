using RefusalExplorer.Engine.Tokenizers;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Tokenizers;

public class TokenizerJsonTests
{
    private static readonly Lazy<OpenedTokenizer> Gemma = new(() => TokenizerReader.TryOpen(TokenizerFolders.Gemma2)!);
    private static readonly Lazy<OpenedTokenizer> Llama = new(() => TokenizerReader.TryOpen(TokenizerFolders.Llama31)!);
    private static readonly Lazy<OpenedTokenizer> SmolLm = new(() => TokenizerReader.TryOpen(TokenizerFolders.SmolLm2)!);

    public static TheoryData<string> Names => ["gemma2", "llama31", "smol"];

    internal static OpenedTokenizer Open(string name) => name switch { "gemma2" => Gemma.Value, "llama31" => Llama.Value, _ => SmolLm.Value };

    [Theory]
    [MemberData(nameof(Names))]
    public void Texts_AreAsTheReferenceHasThem(string name) => TokenizerGolden.Read(name).CheckTexts(Open(name).Tokenizer);

    [Theory]
    [MemberData(nameof(Names))]
    public void Conversations_AreAsTheReferenceHasThem(string name)
    {
        TokenizerGolden golden = TokenizerGolden.Read(name);
        ITextTokenizer tokenizer = Open(name).Tokenizer;
        string? bos = tokenizer.BosId is { } id ? tokenizer.Piece(id) : null;
        var template = new ChatTemplate("golden", golden.ChatTemplate, bos, null);

        golden.CheckChats(tokenizer, template);
    }

    [Fact]
    public void SmolLm_OwnTemplate_IsTheFileBesideIt() => TokenizerGolden.Read("smol").CheckChats(SmolLm.Value.Tokenizer, SmolLm.Value.Template!);

    [Theory]
    [InlineData("gemma2", 2, 256000)]
    [InlineData("llama31", 128000, 128256)]
    [InlineData("smol", null, 49152)]
    public void Open_KnowsBosAndSize(string name, int? bos, int size)
    {
        ITextTokenizer tokenizer = Open(name).Tokenizer;

        Assert.Equal(bos, tokenizer.BosId);
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Throws<EngineException>(() => tokenizer.Piece(size));
        Assert.Throws<EngineException>(() => tokenizer.Decode([-1]));
    }
}
