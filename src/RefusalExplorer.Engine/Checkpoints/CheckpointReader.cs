using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Opens a model's files, whatever their form.</summary>
public static class CheckpointReader
{
    /// <summary>Opens a folder with <c>config.json</c> and safetensors, or a GGUF file. Nothing but headers is read.</summary>
    /// <exception cref="CheckpointFormatException">
    /// A file is missing or broken, the model is of a form that the engine does not run, or its configuration and its weights disagree.
    /// </exception>
    public static OpenedCheckpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            return OpenFolder(path);
        if (!File.Exists(path))
            throw new CheckpointFormatException(path, "no such file or folder; expected a GGUF file, or a folder with config.json and safetensors");
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            throw new CheckpointFormatException(path, "expected a .gguf file, or the folder that holds config.json and the safetensors files");
        return OpenGguf(path);
    }

    private static OpenedCheckpoint OpenFolder(string folder)
    {
        ModelConfig config = HuggingFaceConfig.Read(folder);
        SafetensorsWeights weights = SafetensorsWeights.Open(folder);
        return Checked(new OpenedCheckpoint(folder, config, weights, null));
    }

    private static OpenedCheckpoint OpenGguf(string path)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            ModelConfig config = GgufConfig.Read(file);
            return Checked(new OpenedCheckpoint(path, config, new GgufWeights(file, config), file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static OpenedCheckpoint Checked(OpenedCheckpoint checkpoint)
    {
        try
        {
            CheckpointLayout.Check(checkpoint.Config, checkpoint.Weights);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }
}
