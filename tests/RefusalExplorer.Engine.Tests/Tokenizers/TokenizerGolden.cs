using System.Text.Json;
using RefusalExplorer.Engine.Tokenizers;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Tokenizers;

/// <summary>Reference values of a tokenizer: texts with ids, pieces and decoded texts, and conversations with their renders.</summary>
internal sealed record TokenizerGolden(string ChatTemplate, GoldenText[] Strings, GoldenChat[] Chats)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    internal static TokenizerGolden Read(string name) =>
        JsonSerializer.Deserialize<TokenizerGolden>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Goldens", "tokenizers", name + ".json")), Options)!;

    internal void CheckTexts(ITextTokenizer tokenizer)
    {
        Assert.NotEmpty(Strings);
        Assert.All(Strings, golden =>
        {
            Assert.Equal(golden.Ids, tokenizer.Encode(golden.Text, addSpecial: false));
            Assert.Equal(golden.IdsWithSpecial, tokenizer.Encode(golden.Text, addSpecial: true));
            Assert.Equal(golden.Pieces, golden.Ids.Select(tokenizer.Piece));
            Assert.Equal(golden.Decoded, tokenizer.Decode(golden.Ids));
            Assert.Equal(golden.DecodedSkipSpecial, tokenizer.Decode(golden.IdsWithSpecial, skipSpecial: true));
        });
    }

    internal void CheckChats(ITextTokenizer tokenizer, IChatTemplate template)
    {
        Assert.NotEmpty(Chats);
        Assert.All(Chats, golden =>
        {
            if (golden.Error is { } error)
            {
                Assert.Equal(error, Assert.Throws<EngineException>(() => template.Render(golden.Messages, golden.AddGenerationPrompt)).Message);
                return;
            }
            string rendered = template.Render(golden.Messages, golden.AddGenerationPrompt);
            Assert.Equal(golden.Rendered, rendered);
            Assert.Equal(golden.Ids, tokenizer.Encode(rendered, addSpecial: false));
        });
    }
}

internal sealed record GoldenText(string Text, int[] Ids, int[] IdsWithSpecial, string[] Pieces, string Decoded, string DecodedSkipSpecial);

internal sealed record GoldenChat(string Name, ChatMessage[] Messages, bool AddGenerationPrompt, string? Rendered, int[]? Ids, string? Error);
