using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A checkpoint whose configuration and weights agree; disposing of it closes its files.</summary>
/// <param name="Location">The GGUF file, or the folder.</param>
/// <param name="Config">The model's form.</param>
/// <param name="Weights">Its weights, under Hugging Face names.</param>
/// <param name="Gguf">The GGUF file with its tokenizer and chat template, or null for a folder.</param>
public sealed record OpenedCheckpoint(string Location, ModelConfig Config, IWeightSource Weights, GgufFile? Gguf) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();
}
