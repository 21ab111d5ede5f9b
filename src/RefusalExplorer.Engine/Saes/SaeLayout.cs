namespace RefusalExplorer.Engine.Saes;

/// <summary>Finds out by content which layout a path holds, and opens it.</summary>
internal static class SaeLayout
{
    private const string LookedFor =
        $"{SaeLensLayout.ConfigFile} with {SaeLensLayout.WeightsFile} (SAELens), {GemmaScopeLayout.NpzFileName} (GemmaScope), " +
        $"{GemmaScopeLayout.SafetensorsFileName} (Gemma Scope 2), {LlamaScopeLayout.ConfigFile} with {LlamaScopeLayout.WeightsFile} (LlamaScope)";

    /// <summary>Opens an SAE's folder, or the file in it that holds the weights or the configuration.</summary>
    /// <exception cref="CheckpointFormatException">The path is none of the layouts, or its files are broken.</exception>
    public static (SaeConfig Config, SaeWeights Weights) Open(string path, SaeGatingRule rule)
    {
        if (Directory.Exists(path))
            return OpenFolder(path, rule) ?? throw new CheckpointFormatException(path, $"not an SAE: looked for {LookedFor}");
        if (!File.Exists(path))
            throw new CheckpointFormatException(path, $"no such file or folder: expected {LookedFor}");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Path.GetFileName(path) switch
        {
            SaeLensLayout.WeightsFile or SaeLensLayout.ConfigFile or LlamaScopeLayout.ConfigFile => OpenFolder(folder, rule),
            var name when name == Path.GetFileName(LlamaScopeLayout.WeightsFile) => OpenFolder(Path.GetDirectoryName(folder) ?? folder, rule),
            var name when Path.GetExtension(name) is ".npz" or ".safetensors" => GemmaScopeLayout.Open(path),
            _ => null,
        } ?? throw new CheckpointFormatException(path, $"not an SAE by itself: looked beside it for {LookedFor}");
    }

    private static (SaeConfig Config, SaeWeights Weights)? OpenFolder(string folder, SaeGatingRule rule)
    {
        if (Has(SaeLensLayout.ConfigFile) && Has(SaeLensLayout.WeightsFile))
            return SaeLensLayout.Open(folder);
        if (Has(LlamaScopeLayout.ConfigFile) && Has(LlamaScopeLayout.WeightsFile))
            return LlamaScopeLayout.Open(folder, rule);
        if (Has(GemmaScopeLayout.NpzFileName))
            return GemmaScopeLayout.Open(Path.Combine(folder, GemmaScopeLayout.NpzFileName));
        if (Has(GemmaScopeLayout.SafetensorsFileName))
            return GemmaScopeLayout.Open(Path.Combine(folder, GemmaScopeLayout.SafetensorsFileName));
        return null;

        bool Has(string file) => File.Exists(Path.Combine(folder, file));
    }
}
