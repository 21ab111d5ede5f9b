using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>
/// r = μ_harm − μ_safe for every end-of-instruction position and layer, unnormalised, in float64
/// (paper, appendix "Deriving a Refusal Steering Vector", steps 0.1 and 0.2; andyrdt/refusal_direction, <c>mean_diffs</c>).
/// </summary>
public sealed class MeanDifferences
{
    private readonly double[] _values;

    /// <summary>Wraps values of the shape [positions, layers, D], row-major; the last position is the prompt's last token.</summary>
    /// <exception cref="PipelineException">The number of values is not positions · layers · D.</exception>
    public MeanDifferences(int positions, int layers, int modelDim, IReadOnlyList<double> values)
    {
        if (positions < 1 || layers < 1 || modelDim < 1 || values.Count != (long)positions * layers * modelDim)
            throw new PipelineException($"mean differences: {values.Count} values; expected {positions} positions × {layers} layers × {modelDim}");
        (Positions, Layers, ModelDim) = (positions, layers, modelDim);
        _values = [.. values];
    }

    /// <summary>n, end-of-instruction positions; they are numbered −n … −1.</summary>
    public int Positions { get; }

    /// <summary>L, blocks.</summary>
    public int Layers { get; }

    /// <summary>D.</summary>
    public int ModelDim { get; }

    /// <summary>All values, [positions, layers, D].</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>The vector [D] of a position (−n … −1) and the block whose input it was read at.</summary>
    /// <exception cref="PipelineException">There is no such position or layer.</exception>
    public ReadOnlySpan<double> At(int position, int layer)
    {
        if (position < -Positions || position >= 0 || layer < 0 || layer >= Layers)
            throw new PipelineException($"mean difference at position {position}, layer {layer}: expected a position from {-Positions} to -1 and a layer from 0 to {Layers - 1}");
        return _values.AsSpan((((Positions + position) * Layers) + layer) * ModelDim, ModelDim);
    }

    /// <summary>The direction of a position and layer.</summary>
    /// <exception cref="PipelineException">There is no such position or layer, or its difference is zero or not finite.</exception>
    public RefusalDirection Direction(int position, int layer, string source)
    {
        ReadOnlySpan<double> values = At(position, layer);
        float[] vector = new float[values.Length];
        for (int i = 0; i < vector.Length; i++)
            vector[i] = (float)values[i];
        return RefusalDirection.Create(vector, RefusalDirection.HookOfBlock(layer), position, source);
    }

    /// <summary>Computes the differences from the two prompt sets.</summary>
    /// <param name="model">The model.</param>
    /// <param name="harmful">Token ids of prompts that it refuses.</param>
    /// <param name="harmless">Token ids of matched harmless prompts.</param>
    /// <param name="positions">Tokens after the instruction in the template; 1 for the last token only.</param>
    /// <param name="batchSize">Prompts in one forward pass.</param>
    /// <param name="done">Told the share done, 0–1.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="PipelineException">A set is empty, or a prompt has fewer tokens than positions.</exception>
    public static MeanDifferences Compute(
        IDirectionModel model, IReadOnlyList<ImmutableArray<int>> harmful, IReadOnlyList<ImmutableArray<int>> harmless,
        int positions, int batchSize = 32, IProgress<double>? done = null, CancellationToken cancellation = default)
    {
        double all = harmful.Count + harmless.Count;
        double[] harmfulSum = Sum("harmful", harmful, n => done?.Report(n / all));
        double[] harmlessSum = Sum("harmless", harmless, n => done?.Report((harmful.Count + n) / all));
        return FromSums(positions, model.Layers, model.ModelDim, (harmfulSum, harmful.Count), (harmlessSum, harmless.Count));

        double[] Sum(string set, IReadOnlyList<ImmutableArray<int>> prompts, Action<int> report)
        {
            CheckPrompts(set, prompts, positions);
            double[] sum = new double[positions * model.Layers * model.ModelDim];
            int seen = 0;
            foreach (ImmutableArray<int>[] batch in prompts.Chunk(batchSize))
            {
                cancellation.ThrowIfCancellationRequested();
                AddTo(sum, model, batch, positions, cancellation);
                report(seen += batch.Length);
            }
            return sum;
        }
    }

    /// <summary>Adds a batch's block inputs to a sum of the shape [positions, layers, D].</summary>
    internal static void AddTo(double[] sum, IDirectionModel model, IReadOnlyList<ImmutableArray<int>> batch, int positions, CancellationToken cancellation)
    {
        foreach (float[][] inputs in model.BlockInputs(batch, positions, cancellation))
            Accumulate(inputs, sum, positions, model.ModelDim);
    }

    /// <summary>The differences of two means, each given by its sum and count.</summary>
    internal static MeanDifferences FromSums(
        int positions, int layers, int modelDim, (double[] Sum, int Count) harmful, (double[] Sum, int Count) harmless) =>
        new(positions, layers, modelDim, [.. harmful.Sum.Select((x, i) => (x / harmful.Count) - (harmless.Sum[i] / harmless.Count))]);

    internal static void CheckPrompts(string set, IReadOnlyList<ImmutableArray<int>> prompts, int positions)
    {
        if (positions < 1)
            throw new PipelineException($"direction: {positions} end-of-instruction positions; expected at least 1");
        if (prompts.Count == 0)
            throw new PipelineException($"direction: no {set} prompts; expected at least one");
        for (int i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Length < positions)
                throw new PipelineException($"direction: {set} prompt {i + 1} has {prompts[i].Length} tokens; expected at least the {positions} end-of-instruction tokens");
        }
    }

    private static void Accumulate(float[][] inputs, double[] sum, int positions, int modelDim)
    {
        for (int layer = 0; layer < inputs.Length; layer++)
        {
            for (int position = 0; position < positions; position++)
            {
                ReadOnlySpan<float> from = inputs[layer].AsSpan(position * modelDim, modelDim);
                Span<double> to = sum.AsSpan(((position * inputs.Length) + layer) * modelDim, modelDim);
                for (int d = 0; d < modelDim; d++)
                    to[d] += from[d];
            }
        }
    }
}
