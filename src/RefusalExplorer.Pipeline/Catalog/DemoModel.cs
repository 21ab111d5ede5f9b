namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>The embedded demo model. Its files lie in <c>demo-model/</c> beside the program, however it was built or published.</summary>
public static class DemoModel
{
    /// <summary>Its name.</summary>
    public const string Name = "demo";

    /// <summary>The folder.</summary>
    public static string Folder => System.IO.Path.Combine(AppContext.BaseDirectory, "demo-model");

    /// <summary>Prompts that the card's figures are on.</summary>
    public static string Prompts => System.IO.Path.Combine(Folder, "prompts");

    /// <summary>Texts that the model wrote itself, for dashboards of features.</summary>
    public static string Corpus => System.IO.Path.Combine(Folder, "corpus.jsonl");

    /// <summary>Maximum activation and density of each feature.</summary>
    public static string FeatureStatistics => System.IO.Path.Combine(Folder, "saes", "feature_stats.safetensors");

    /// <summary>The model as if the settings had named it. The card reads its direction at block 20's output.</summary>
    public static ConfiguredModel Configuration => new()
    {
        Name = Name,
        Description = "Embedded 135M-parameter chat model that refuses; it stands in for larger ones and proves nothing about them",
        Path = System.IO.Path.Combine(Folder, "refusal-demo-135m.Q4_1.gguf"),
        Saes = System.IO.Path.Combine(Folder, "saes", "blocks.{l}.hook_resid_post"),
        SaeLayers = [.. Enumerable.Range(0, 10).Select(i => 8 + (2 * i))],
        DirectionLayer = 20,
    };
}
