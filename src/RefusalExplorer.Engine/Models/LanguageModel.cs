using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Engine.Tokenizers;

namespace RefusalExplorer.Engine.Models;

/// <summary>A loaded model with its SAEs. Only the engine thread may call it; everything that comes out is CPU arrays and text.</summary>
public sealed class LanguageModel : IDisposable
{
    public ModelSpec Spec => throw new NotImplementedException();
    public ModelConfig Config => throw new NotImplementedException();
    public string Fingerprint => throw new NotImplementedException();
    /// <summary>Null for checkpoints without tokenizer files.</summary>
    public ITextTokenizer? Tokenizer => throw new NotImplementedException();
    public IChatTemplate? Template => throw new NotImplementedException();
    /// <summary>Layers that have an SAE, ascending.</summary>
    public IReadOnlyList<int> SaeLayers => throw new NotImplementedException();
    public Sae Sae(int layer) => throw new NotImplementedException();
    public IReadOnlyList<int> RefusalTokens => throw new NotImplementedException();

    /// <summary>One forward pass for each row, rows of any lengths together. </summary>
    public IReadOnlyList<ForwardResult> Forward(IReadOnlyList<PromptRow> rows, CaptureSpec capture, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Full SAE activations of one layer for a prompt: [T, F] row-major, streamed through the dictionary in blocks.</summary>
    public float[] Activations(PromptRow row, int layer, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>P(refusal tokens) at the last position under every set of the batch, in order (one batch, common prefix computed once).</summary>
    public double[] RefusalProbabilities(IReadOnlyList<int> prompt, AblationBatch batch, IProgress<int>? done = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Generates for all rows together, streaming each token.</summary>
    public IReadOnlyList<GenerationResult> Generate(IReadOnlyList<PromptRow> rows, GenerationOptions options, Action<GeneratedToken>? onToken = null, CancellationToken cancellation = default) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
