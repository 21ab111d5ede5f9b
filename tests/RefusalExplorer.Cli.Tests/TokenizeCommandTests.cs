using System.IO.Compression;
using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class TokenizeCommandTests
{
    [Fact]
    public async Task Text_OfTheDemoModel_GivesIdsPiecesAndTexts()
    {
        using var cli = new CommandLine();

        Assert.Equal(0, await cli.RunAsync("tokenize", "--model", "demo", "--text", "Hello é", "--json"));

        Assert.Equal("""{"ids":[19556,26411],"pieces":["Hello","ĠÃ©"],"tokens":[{"id":19556,"text":"Hello"},{"id":26411,"text":" é"}]}""", Plain(cli.Json));
    }

    [Fact]
    public async Task ChatText_IsAUserTurnWithTheAssistantsOpened()
    {
        using var cli = new CommandLine();

        Assert.Equal(0, await cli.RunAsync("tokenize", "--model", "demo", "--text", "Hi", "--chat", "--json"));

        string text = string.Concat(cli.Json["tokens"]!.AsArray().Select(t => t!["text"]!.GetValue<string>()));
        Assert.EndsWith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-3.1", "llama31")]
    [InlineData("smollm2", "smol")]
    public async Task File_OfAFolderWithTokenizerFilesAlone_GivesTheReferenceIds(string folder, string golden)
    {
        using var cli = new CommandLine();
        string model = Unpack(cli, folder);
        JsonArray strings = Golden(golden)["strings"]!.AsArray();
        string file = cli.File("texts.json", new JsonArray([.. strings.Select(s => s!["text"]!.DeepClone())]).ToJsonString());

        Assert.Equal(0, await cli.RunAsync("tokenize", "--model", model, "--file", file, "--json"));
        Assert.Equal(strings.Select(s => Plain(s!["idsWithSpecial"]!)), cli.Json.AsArray().Select(a => Plain(a!["ids"]!)));
        Assert.Equal(0, await cli.RunAsync("tokenize", "--model", model, "--file", file, "--no-special", "--json"));
        Assert.Equal(strings.Select(s => Plain(s!["ids"]!)), cli.Json.AsArray().Select(a => Plain(a!["ids"]!)));
        Assert.Equal(strings.Select(s => Plain(s!["pieces"]!)), cli.Json.AsArray().Select(a => Plain(a!["pieces"]!)));
    }

    [Fact]
    public async Task ChatFile_GivesTheReferenceIdsOfEveryConversation()
    {
        using var cli = new CommandLine();
        string model = Unpack(cli, "smollm2");
        JsonNode[] chats = [.. Golden("smol")["chats"]!.AsArray().Where(c => c!["addGenerationPrompt"]!.GetValue<bool>()).Select(c => c!)];
        string file = cli.File("chats.json", new JsonArray([.. chats.Select(c => c["messages"]!.DeepClone())]).ToJsonString());

        Assert.Equal(0, await cli.RunAsync("tokenize", "--model", model, "--file", file, "--chat", "--json"));

        Assert.NotEmpty(chats);
        Assert.Equal(chats.Select(c => Plain(c["ids"]!)), cli.Json.AsArray().Select(a => Plain(a!["ids"]!)));
    }

    [Fact]
    public async Task File_WithABadItem_FailsThereAloneAndExitsWith2()
    {
        using var cli = new CommandLine();
        string texts = cli.File("texts.json", """["a", 7, "\ud800", "b"]""");
        string chats = cli.File("chats.json", """[[{"role":"user","content":"a"}], [], [{"role":"user"}], [{"role":"user","content":"a","name":"b"}]]""");

        Assert.Equal(2, await cli.RunAsync("tokenize", "--model", "demo", "--file", texts, "--json"));
        Assert.Equal(["[81]", null, null, "[82]"], cli.Json.AsArray().Select(a => a!["ids"]?.ToJsonString()));
        Assert.Contains("a number, expected a text", cli.Json[1]!["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("surrogate", cli.Json[2]!["error"]!.GetValue<string>(), StringComparison.Ordinal);

        Assert.Equal(2, await cli.RunAsync("tokenize", "--model", "demo", "--file", chats, "--chat", "--json"));
        Assert.Equal([true, false, false, false], cli.Json.AsArray().Select(a => a!["error"] is null));
        Assert.Contains("no 'content'", cli.Json[2]!["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expected one of --text and --file", "--model", "demo")]
    [InlineData("expected one of --text and --file", "--model", "demo", "--text", "a", "--file", "b")]
    [InlineData("model 'nobody'", "--model", "nobody", "--text", "a")]
    [InlineData("--model", "--text", "a")]
    [InlineData("chat template 'x'", "--model", "demo", "--text", "a", "--chat", "--template", "x")]
    [InlineData("/no/such/file.json", "--model", "demo", "--file", "/no/such/file.json")]
    public async Task BadCommandLine_SaysWhatInOneLineAndExitsWith2(string says, params string[] args)
    {
        using var cli = new CommandLine();

        Assert.Equal(2, await cli.RunAsync(["tokenize", .. args]));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("""{"a":1}""", "expected an array")]
    [InlineData("[", "expected a JSON array")]
    public async Task BadFile_SaysWhatInOneLineAndExitsWith2(string content, string says)
    {
        using var cli = new CommandLine();

        Assert.Equal(2, await cli.RunAsync("tokenize", "--model", "demo", "--file", cli.File("texts.json", content)));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
    }

    private static string Plain(JsonNode node) => node.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static JsonNode Golden(string name) => JsonNode.Parse(File.ReadAllText(CommandLine.Golden("tokenizers", name + ".json")))!;

    private static string Unpack(CommandLine cli, string model)
    {
        string folder = Directory.CreateDirectory(Path.Combine(cli.Folder, model)).FullName;
        foreach (string packed in Directory.GetFiles(CommandLine.Golden("tokenizers", model), "*.br"))
        {
            using var from = new BrotliStream(File.OpenRead(packed), CompressionMode.Decompress);
            using FileStream to = File.Create(Path.Combine(folder, Path.GetFileNameWithoutExtension(packed)));
            from.CopyTo(to);
        }
        return folder;
    }
}
