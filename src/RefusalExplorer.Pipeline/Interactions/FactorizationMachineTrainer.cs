using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>
/// Trains a factorization machine by minibatch Adam on binary cross-entropy (paper, Stage 3 and appendix "Dataset for training Factorization
/// Machines"). With embedding size 0 the same code is the linear probe, a logistic regression on the same data.
/// </summary>
/// <remarks>Runs on all cores and gives the same result, bit for bit, on any number of them.</remarks>
public static class FactorizationMachineTrainer
{
    /// <summary>Ranges of columns that are updated in parallel; more than cores, to even out their load.</summary>
    private const int Ranges = 16;

    /// <summary>Trains.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="progress">Told each epoch.</param>
    /// <param name="threads">Most threads; −1: all cores. The result does not depend on it.</param>
    /// <param name="cancellation">Checked between steps.</param>
    /// <exception cref="PipelineException">The settings are not usable, or the loss is no longer a number (the learning rate is too high).</exception>
    public static FactorizationMachineResult Train(
        InteractionDataset data, FactorizationMachineSettings? settings = null, IProgress<EpochMetrics>? progress = null, int threads = -1,
        CancellationToken cancellation = default)
    {
        settings ??= new();
        settings.Check();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = threads };
        FactorizationMachine model = FactorizationMachine.Initial(data.Features, settings);
        AdamColumns[] ranges = Partition(model, settings, data.Train);
        BatchSample[] batch = [.. Enumerable.Range(0, settings.BatchSize).Select(_ => new BatchSample(model.Stride))];
        SeededRandom random = new(unchecked(settings.Seed ^ 0x5EED));
        int[] order = [.. Enumerable.Range(0, data.Train.Count)];
        float biasM = 0, biasV = 0, bestBias = 0;
        float[] bestRows = new float[model.Rows.Length];
        List<EpochMetrics> curve = [];
        EpochMetrics? best = null;
        int t = 0;
        for (int epoch = 1; epoch <= settings.Epochs; epoch++)
        {
            random.Shuffle<int>(order);
            double loss = 0;
            for (int start = 0; start < order.Length; start += settings.BatchSize)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(settings.BatchSize, order.Length - start);
                loss += Forward(model, data.Train, order.AsMemory(start, count), batch, parallel);
                AdamStep step = AdamStep.At(++t, settings);
                Parallel.ForEach(ranges, parallel, range => range.Update(data.Train, batch.AsSpan(0, count), step));
                model.Bias -= step.Move(batch.Take(count).Sum(s => s.Error), ref biasM, ref biasV);
            }
            if (!double.IsFinite(loss))
                throw new PipelineException($"factorization machine: the loss is not a number in epoch {epoch}; use a lower learning rate or scaled activations");
            double[] logits = Logits(model, data.Validation, parallel);
            EpochMetrics metrics = new(epoch, loss / order.Length, MeanLoss(logits, data.Validation.Labels), BinaryMetrics.Of(logits, data.Validation.Labels));
            curve.Add(metrics);
            progress?.Report(metrics);
            if (IsBetter(metrics, best))
            {
                (best, bestBias) = (metrics, model.Bias);
                model.Rows.CopyTo(bestRows, 0);
            }
        }
        FactorizationMachine chosen = new(data.Features, settings.EmbeddingSize, bestRows, bestBias);
        return new FactorizationMachineResult(chosen, [.. curve], best!.Epoch, BinaryMetrics.Of(Logits(chosen, data.Test, parallel), data.Test.Labels));
    }

    /// <summary>Logits of the batch; leaves in each sample what the gradients need, and returns the summed loss.</summary>
    private static double Forward(FactorizationMachine model, SparseRows rows, ReadOnlyMemory<int> batchRows, BatchSample[] batch, ParallelOptions parallel)
    {
        double[] losses = new double[batchRows.Length];
        Parallel.For(0, batchRows.Length, parallel, b =>
        {
            BatchSample sample = batch[b];
            sample.Row = batchRows.Span[b];
            double logit = model.Predict(rows.Columns(sample.Row), rows.Values(sample.Row), sample.Sums);
            bool label = rows.Labels[sample.Row];
            losses[b] = Loss(logit, label);
            sample.Error = (float)(((1 / (1 + Math.Exp(-logit))) - (label ? 1 : 0)) / batchRows.Length);
            // In the weight's place stood the linear term; its derivative is 1 there, and 0 in the padding.
            sample.Sums.AsSpan(model.EmbeddingSize).Clear();
            sample.Sums[model.EmbeddingSize] = 1;
        });
        return losses.Sum();
    }

    /// <summary>Binary cross-entropy with logits, without overflow at either end.</summary>
    internal static double Loss(double logit, bool label) =>
        Math.Max(logit, 0) - (label ? logit : 0) + Math.Log(1 + Math.Exp(-Math.Abs(logit)));

    private static double[] Logits(FactorizationMachine model, SparseRows rows, ParallelOptions parallel)
    {
        double[] logits = new double[rows.Count];
        Parallel.For(0, rows.Count, parallel, r => logits[r] = model.Predict(rows.Columns(r), rows.Values(r)));
        return logits;
    }

    private static double MeanLoss(double[] logits, bool[] labels) => logits.Zip(labels, Loss).Average();

    private static bool IsBetter(EpochMetrics now, EpochMetrics? best) => best is null
        || now.Validation.Accuracy > best.Validation.Accuracy
        || (now.Validation.Accuracy.Equals(best.Validation.Accuracy) && now.ValidationLoss < best.ValidationLoss);

    /// <summary>Contiguous ranges of about equally many activations.</summary>
    private static AdamColumns[] Partition(FactorizationMachine model, FactorizationMachineSettings settings, SparseRows rows)
    {
        long[] uses = new long[rows.ColumnCount];
        for (int r = 0; r < rows.Count; r++)
        {
            foreach (int column in rows.Columns(r))
                uses[column]++;
        }
        List<AdamColumns> ranges = [];
        long seen = 0;
        int first = 0;
        for (int column = 0; column < uses.Length; column++)
        {
            seen += uses[column];
            if (column == uses.Length - 1 || seen * Ranges >= rows.NonZeros * (ranges.Count + 1L))
            {
                ranges.Add(new AdamColumns(model, settings, first, column + 1 - first));
                first = column + 1;
            }
        }
        return [.. ranges];
    }
}
