using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Directions;

/// <summary>A model small enough to follow by hand: a token adds its embedding to the running sum, a block adds a linear map of its input.</summary>
internal sealed class LinearModel(int layers = 5, int modelDim = 4, int vocabulary = 6, long seed = 3) : IDirectionModel
{
    private readonly double[][] _embedding = Matrix(vocabulary, modelDim, seed, 1);
    private readonly double[][][] _blocks = [.. Enumerable.Range(0, layers).Select(l => Matrix(modelDim, modelDim, seed + 100 + l, 0.3))];
    private readonly double[][] _unembedding = Matrix(vocabulary, modelDim, seed + 1000, 1);

    public int Layers => layers;

    public int ModelDim => modelDim;

    public IReadOnlyList<int> RefusalTokens => [1];

    public List<int> BatchSizes { get; } = [];

    public IReadOnlyList<float[][]> BlockInputs(IReadOnlyList<ImmutableArray<int>> prompts, int positions, CancellationToken cancellation)
    {
        BatchSizes.Add(prompts.Count);
        return
        [
            .. prompts.Select(p => Enumerable.Range(0, layers).Select(l => Enumerable.Range(p.Length - positions, positions)
                .SelectMany(t => Run(p[..(t + 1)], InterventionSet.Empty)[l].Select(x => (float)x)).ToArray()).ToArray()),
        ];
    }

    public IReadOnlyList<float[]> LastLogits(IReadOnlyList<PromptRow> rows, CancellationToken cancellation)
    {
        BatchSizes.Add(rows.Count);
        return [.. rows.Select(r => Multiply(_unembedding, Run(r.Tokens, r.Interventions)[layers]).Select(x => (float)x).ToArray())];
    }

    private double[][] Run(ImmutableArray<int> tokens, InterventionSet edits)
    {
        double[][] inputs = new double[layers + 1][];
        double[] h = [.. Enumerable.Range(0, modelDim).Select(d => tokens.Sum(t => _embedding[t][d]))];
        for (int l = 0; l < layers; l++)
        {
            h = Edit(h, edits, l, isInput: true);
            inputs[l] = h;
            h = Edit([.. h.Zip(Multiply(_blocks[l], h), (a, b) => a + b)], edits, l, isInput: false);
        }
        inputs[layers] = h;
        return inputs;
    }

    private static double[] Edit(double[] h, InterventionSet edits, int layer, bool isInput)
    {
        foreach (Intervention edit in edits.Items.Where(e => e.Layers is null || e.Layers.Value.Contains(layer)))
        {
            double[] v = [.. edit.Vector!.Value.Select(x => (double)x)];
            double norm = Math.Sqrt(v.Sum(x => x * x));
            double along = h.Zip(v, (a, b) => a * b / norm).Sum();
            if (edit.Op == InterventionOp.ProjectOut)
                h = [.. h.Zip(v, (a, b) => a - (along * b / norm))];
            else if (isInput)
                h = [.. h.Zip(v, (a, b) => a + (edit.Value * b))];
        }
        return h;
    }

    private static double[] Multiply(double[][] matrix, double[] x) => [.. matrix.Select(row => row.Zip(x, (a, b) => a * b).Sum())];

    private static double[][] Matrix(int rows, int columns, long seed, double scale)
    {
        SeededRandom random = new(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => scale * random.NextGaussian()).ToArray())];
    }
}
