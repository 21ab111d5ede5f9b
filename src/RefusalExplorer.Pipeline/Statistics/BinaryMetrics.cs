namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>How well scores tell positives from negatives.</summary>
/// <param name="Accuracy">Share of items on the right side of the threshold.</param>
/// <param name="Auc">Area under the ROC curve; NaN where one class is missing.</param>
/// <param name="F1">Of the positive class.</param>
/// <param name="Count">Items.</param>
public sealed record BinaryMetrics(double Accuracy, double Auc, double F1, int Count)
{
    /// <summary>Metrics of scores.</summary>
    /// <param name="scores">Higher means positive.</param>
    /// <param name="positive">The truth.</param>
    /// <param name="threshold">A score above it counts as positive: 0 for logits, 0.5 for probabilities.</param>
    /// <exception cref="PipelineException">Nothing to score, or lengths differ.</exception>
    public static BinaryMetrics Of(IReadOnlyList<double> scores, IReadOnlyList<bool> positive, double threshold = 0)
    {
        if (scores.Count == 0 || scores.Count != positive.Count)
            throw new PipelineException($"binary metrics: {scores.Count} scores and {positive.Count} labels; expected as many of both, at least one");
        ConfusionMatrix<bool> matrix = ConfusionMatrix.Of(positive.Zip(scores, (p, s) => (p, s > threshold)), [false, true]);
        return new BinaryMetrics(matrix.Accuracy, AreaUnderRoc(scores, positive), matrix.F1(true), scores.Count);
    }

    /// <summary>The Mann–Whitney form: probability that a positive outranks a negative, ties half.</summary>
    private static double AreaUnderRoc(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        double[] ranks = Correlation.Ranks(scores);
        double positives = positive.Count(p => p), negatives = positive.Count - positives;
        if (positives == 0 || negatives == 0)
            return double.NaN;
        double rankSum = ranks.Where((_, i) => positive[i]).Sum();
        return (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }
}
