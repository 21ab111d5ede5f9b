using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Interactions;

/// <summary>The machine as the paper writes it: a double loop over pairs, in float64, with numeric gradients and dense arrays. The oracle of the fast one.</summary>
internal sealed class LiteralFactorizationMachine
{
    private readonly int _d;
    private readonly int _k;
    private readonly double[] _m;
    private readonly double[] _v;
    private int _step;

    public LiteralFactorizationMachine(FactorizationMachine start)
    {
        (_d, _k) = (start.Features.Length, start.EmbeddingSize);
        Parameters = [start.Bias, .. Enumerable.Range(0, _d).SelectMany(i => start.Embedding(i).ToArray().Append(start.Weight(i)).Select(x => (double)x))];
        _m = new double[Parameters.Length];
        _v = new double[Parameters.Length];
    }

    /// <summary>w₀, then for each feature its embedding and its weight.</summary>
    public double[] Parameters { get; }

    public double Predict(double[] x)
    {
        double W(int i) => Parameters[1 + (i * (_k + 1)) + _k];
        double V(int i, int f) => Parameters[1 + (i * (_k + 1)) + f];
        double y = Parameters[0];
        for (int i = 0; i < _d; i++)
            y += W(i) * x[i];
        for (int i = 0; i < _d; i++)
        {
            for (int j = i + 1; j < _d; j++)
            {
                for (int f = 0; f < _k; f++)
                    y += V(i, f) * V(j, f) * x[i] * x[j];
            }
        }
        return y;
    }

    public double Loss(IReadOnlyList<(double[] X, bool Label)> batch) =>
        batch.Average(s => -Math.Log(s.Label ? Sigmoid(Predict(s.X)) : 1 - Sigmoid(Predict(s.X))));

    public void Step(IReadOnlyList<(double[] X, bool Label)> batch, FactorizationMachineSettings settings)
    {
        const double H = 1e-5;
        double[] gradient = new double[Parameters.Length];
        for (int p = 0; p < gradient.Length; p++)
        {
            double at = Parameters[p];
            Parameters[p] = at + H;
            double above = Loss(batch);
            Parameters[p] = at - H;
            gradient[p] = (above - Loss(batch)) / (2 * H);
            Parameters[p] = at;
        }
        _step++;
        for (int p = 0; p < gradient.Length; p++)
        {
            if (settings.Adam == AdamVariant.Lazy && p > 0 && batch.All(s => s.X[(p - 1) / (_k + 1)] == 0))
                continue;
            _m[p] = (settings.Beta1 * _m[p]) + ((1 - settings.Beta1) * gradient[p]);
            _v[p] = (settings.Beta2 * _v[p]) + ((1 - settings.Beta2) * gradient[p] * gradient[p]);
            double m = _m[p] / (1 - Math.Pow(settings.Beta1, _step)), v = _v[p] / (1 - Math.Pow(settings.Beta2, _step));
            Parameters[p] -= settings.LearningRate * m / (Math.Sqrt(v) + settings.Epsilon);
        }
    }

    /// <summary>Parameters after each epoch, samples in the order that the trainer's seed gives.</summary>
    public List<double[]> Train(SparseRows rows, FactorizationMachineSettings settings)
    {
        (double[], bool)[] samples = [.. Enumerable.Range(0, rows.Count).Select(r => (Dense(rows, r), rows.Labels[r]))];
        SeededRandom random = new(settings.Seed ^ 0x5EED);
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        List<double[]> epochs = [];
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            random.Shuffle<int>(order);
            foreach (int[] batch in order.Chunk(settings.BatchSize))
                Step([.. batch.Select(r => samples[r])], settings);
            epochs.Add([.. Parameters]);
        }
        return epochs;
    }

    public static double[] Dense(SparseRows rows, int row)
    {
        double[] x = new double[rows.ColumnCount];
        for (int i = 0; i < rows.Columns(row).Length; i++)
            x[rows.Columns(row)[i]] = rows.Values(row)[i];
        return x;
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
