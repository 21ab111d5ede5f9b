using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>tokenize</c>: ids and pieces of a text, of many texts, or of conversations.</summary>
internal static class TokenizeCommand
{
    public static Command Create(CommandFactory factory)
    {
        var model = new Option<string>("--model") { Description = "A configured model's name, a GGUF file, or a folder with tokenizer files", Required = true };
        var text = new Option<string?>("--text") { Description = "A text; with --chat, a user's message" };
        var file = new Option<string?>("--file") { Description = "A JSON array of texts; with --chat, of lists of messages {role, content}" };
        var chat = new Option<bool>("--chat") { Description = "Renders the chat template and opens the assistant's turn" };
        var template = new Option<string?>("--template") { Description = $"A preset in place of the model's own template: {string.Join(", ", ChatTemplates.Presets)}" };
        var bare = new Option<bool>("--no-special") { Description = "Adds no BOS or other token around the text" };
        return factory.Create(
            "tokenize", "Ids and pieces of a text, of many texts, or of conversations", [model, text, file, chat, template, bare],
            (context, cancellation) =>
            {
                string name = context.Arguments.GetRequiredValue(model);
                string? one = context.Arguments.GetValue(text);
                string? many = context.Arguments.GetValue(file);
                if (one is null == many is null)
                    throw new EngineException("tokenize: expected one of --text and --file");
                bool asChat = context.Arguments.GetValue(chat);
                OpenedTokenizer opened = context.Session.Get<ModelCatalog>().OpenTokenizer(name, context.Arguments.GetValue(template));
                var tokenize = new TextTokenization(name, opened, !context.Arguments.GetValue(bare));
                if (one is not null)
                {
                    Write(context, tokenize.Run(asChat ? PromptSource.User(one) : new PromptSource { Text = one }));
                    return Task.FromResult(ExitCode.Ok);
                }
                ImmutableArray<object> answers = RunAll(context, tokenize, many!, asChat, cancellation);
                Write(context, answers);
                return Task.FromResult(answers.Any(a => a is TokenizeFailure) ? ExitCode.BadInput : ExitCode.Ok);
            });
    }

    private static ImmutableArray<object> RunAll(CommandContext context, TextTokenization tokenize, string path, bool chat, CancellationToken cancellation)
    {
        using JsonDocument document = Parse(path, CommandContext.ReadFile(path));
        var answers = ImmutableArray.CreateBuilder<object>();
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                answers.Add(tokenize.Run(chat ? TokenizeInput.Messages(item) : TokenizeInput.Text(item)));
            }
            catch (EngineException e)
            {
                context.Log($"[{answers.Count}]: {e.Message}");
                answers.Add(new TokenizeFailure(e.Message));
            }
        }
        return answers.ToImmutable();
    }

    private static JsonDocument Parse(string path, string text)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Array
                ? document
                : throw new EngineException($"{path}: a JSON {document.RootElement.ValueKind}, expected an array");
        }
        catch (JsonException e)
        {
            throw new EngineException($"{path}: expected a JSON array; {e.Message}", e);
        }
    }

    private static void Write(CommandContext context, TokenizeAnswer answer)
    {
        if (context.Json)
            context.WriteJson(answer);
        else
            WriteText(context, answer);
    }

    private static void Write(CommandContext context, ImmutableArray<object> answers)
    {
        if (context.Json)
        {
            context.WriteJson(answers);
            return;
        }
        for (int i = 0; i < answers.Length; i++)
        {
            context.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{i}]{(answers[i] is TokenizeFailure f ? " " + f.Error : "")}"));
            if (answers[i] is TokenizeAnswer answer)
                WriteText(context, answer);
        }
    }

    private static void WriteText(CommandContext context, TokenizeAnswer answer)
    {
        for (int i = 0; i < answer.Ids.Length; i++)
            context.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answer.Ids[i],7}  {JsonSerializer.Serialize(answer.Pieces[i], TokenizeInput.Readable)}"));
    }
}

/// <summary>A text that failed among others.</summary>
internal sealed record TokenizeFailure(string Error);
