using System.Diagnostics;
using RefusalExplorer.Pipeline.Interactions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RefusalExplorer.Benchmarks;

/// <summary>The plain way: a factorization machine as one writes it in PyTorch, on dense batches, with autograd and Adam.</summary>
internal static class DenseFactorizationMachine
{
    /// <summary>Seconds of one step, over <paramref name="steps"/> steps after one to warm up.</summary>
    public static double SecondsAStep(SparseRows rows, int steps, FactorizationMachineSettings settings)
    {
        using DisposeScope scope = NewDisposeScope();
        int d = rows.ColumnCount;
        using Parameter v = nn.Parameter(randn(d, settings.EmbeddingSize) * settings.InitialDeviation);
        using Parameter w = nn.Parameter(zeros(d, 1)), bias = nn.Parameter(zeros(1));
        using optim.Optimizer adam = optim.Adam([v, w, bias], lr: settings.LearningRate);
        using BCEWithLogitsLoss loss = nn.BCEWithLogitsLoss();
        Stopwatch watch = new();
        for (int step = 0; step <= steps; step++)
        {
            if (step == 1)
                watch.Start();
            using DisposeScope inner = NewDisposeScope();
            (Tensor x, Tensor y) = Batch(rows, step * settings.BatchSize % (rows.Count - settings.BatchSize), settings.BatchSize);
            Tensor sums = x.matmul(v);
            Tensor pairs = (sums.square() - x.square().matmul(v.square())).sum(1) * 0.5;
            adam.zero_grad();
            loss.call(bias + x.matmul(w).squeeze(1) + pairs, y).backward();
            adam.step();
        }
        return watch.Elapsed.TotalSeconds / steps;
    }

    private static (Tensor X, Tensor Y) Batch(SparseRows rows, int first, int count)
    {
        float[] dense = new float[(long)count * rows.ColumnCount];
        float[] labels = new float[count];
        for (int b = 0; b < count; b++)
        {
            ReadOnlySpan<int> columns = rows.Columns(first + b);
            ReadOnlySpan<float> values = rows.Values(first + b);
            for (int i = 0; i < columns.Length; i++)
                dense[((long)b * rows.ColumnCount) + columns[i]] = values[i];
            labels[b] = rows.Labels[first + b] ? 1 : 0;
        }
        return (tensor(dense, [count, rows.ColumnCount]), tensor(labels));
    }
}
