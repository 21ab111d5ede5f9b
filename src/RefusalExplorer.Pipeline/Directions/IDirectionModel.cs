using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>What finding a direction needs of a model.</summary>
public interface IDirectionModel
{
    /// <summary>L, blocks.</summary>
    int Layers { get; }

    /// <summary>D, width of the residual stream.</summary>
    int ModelDim { get; }

    /// <summary>Ids whose softmax mass is the refusal probability.</summary>
    IReadOnlyList<int> RefusalTokens { get; }

    /// <summary>For each prompt the inputs of the L blocks at its last <paramref name="positions"/> tokens: L arrays, row-major [positions, D].</summary>
    IReadOnlyList<float[][]> BlockInputs(IReadOnlyList<ImmutableArray<int>> prompts, int positions, CancellationToken cancellation);

    /// <summary>Logits [V] at the last position of each row, under the row's edits.</summary>
    IReadOnlyList<float[]> LastLogits(IReadOnlyList<PromptRow> rows, CancellationToken cancellation);
}

/// <summary>The engine's model, seen as <see cref="IDirectionModel"/>. For the engine's thread only.</summary>
public sealed class EngineDirectionModel(LanguageModel model) : IDirectionModel
{
    /// <inheritdoc/>
    public int Layers => model.Config.Layers;

    /// <inheritdoc/>
    public int ModelDim => model.Config.ModelDim;

    /// <inheritdoc/>
    public IReadOnlyList<int> RefusalTokens => model.RefusalTokens;

    /// <inheritdoc/>
    public IReadOnlyList<float[][]> BlockInputs(IReadOnlyList<ImmutableArray<int>> prompts, int positions, CancellationToken cancellation)
    {
        IReadOnlyList<ForwardResult> results = model.Forward(
            [.. prompts.Select(p => PromptRow.Plain(p))], new CaptureSpec { LastResiduals = positions }, cancellation);
        // The engine gives L + 1 residuals; the last is the output of the last block, which no direction is read at.
        return [.. results.Select(r => r.Residuals![..Layers])];
    }

    /// <inheritdoc/>
    public IReadOnlyList<float[]> LastLogits(IReadOnlyList<PromptRow> rows, CancellationToken cancellation) =>
        [.. model.Forward(rows, CaptureSpec.LastLogits, cancellation).Select(r => r.LastLogits)];
}
