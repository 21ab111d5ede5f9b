using System.Collections.Immutable;
using System.Text.Json.Nodes;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Tests.Analyses;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Catalog;

public sealed class PromptEncoderTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-bos-").FullName;
    private readonly EngineHost _engine = new(new EngineOptions());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("{bos}hello")]
    [InlineData("")]
    public async Task Text_HasOneBos_WhetherItWritesItOrNot(string text) =>
        Assert.Equal(1, await BosAsync(bos => new PromptSource { Text = text.Replace("{bos}", bos, StringComparison.Ordinal) }));

    [Fact]
    public async Task Conversation_HasOneBos_InTheModelsOwnTemplate() =>
        Assert.Equal(1, await BosAsync(_ => PromptSource.User("hello")));

    // BOS among the ids of a prompt, of which the first must be one.
    private async Task<int> BosAsync(Func<string, PromptSource> source)
    {
        var catalog = new ModelCatalog([TinyChat.Write(_folder)]);
        string config = Path.Combine(_folder, "tokenizer_config.json");
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(config, Ct))!;
        json["add_bos_token"] = true;
        await File.WriteAllTextAsync(config, json.ToJsonString(), Ct);
        return await _engine.RunAsync("encode", (session, _) =>
        {
            LanguageModel model = session.Model(catalog.Resolve(TinyChat.Name));
            ITextTokenizer tokenizer = model.Tokenizer!;
            ImmutableArray<int> ids = PromptEncoder.Encode(model, source(tokenizer.Piece(tokenizer.BosId!.Value))).Ids;
            Assert.Equal(tokenizer.BosId, ids[0]);
            return ids.Count(id => id == tokenizer.BosId);
        }, cancellation: Ct);
    }
}
