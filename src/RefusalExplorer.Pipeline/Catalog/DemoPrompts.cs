using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>The embedded prompt sets, in the form of the reference's splits: a JSON array of {instruction, category}.</summary>
public static class DemoPrompts
{
    private static readonly string[] Splits = ["test", "val", "train"];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The six sets; test and validation topics were never seen in the demo model's training.</summary>
    /// <exception cref="EngineException">A file is missing or broken.</exception>
    public static ImmutableArray<PromptSet> All =>
        [.. Splits.SelectMany(split => (PromptSet[])[Read("harmful", split), Read("harmless", split)])];

    /// <summary>One set.</summary>
    /// <param name="kind"><c>harmful</c> or <c>harmless</c>.</param>
    /// <param name="split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
    /// <exception cref="EngineException">The file is missing or broken.</exception>
    public static PromptSet Read(string kind, string split)
    {
        string path = Path.Combine(DemoModel.Prompts, $"{kind}_{split}.json");
        try
        {
            return new PromptSet($"{kind}_{split}", kind == "harmful", JsonSerializer.Deserialize<ImmutableArray<PromptItem>>(File.ReadAllText(path), Json));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new EngineException($"{path}: expected a JSON array of {{instruction, category}}; {e.Message}", e);
        }
    }
}
