using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Makes confusion matrices.</summary>
public static class ConfusionMatrix
{
    /// <summary>Counts pairs.</summary>
    /// <param name="pairs">True and predicted labels.</param>
    /// <param name="labels">Order of rows and columns; null: as they come.</param>
    /// <exception cref="PipelineException">A pair has a label that is not among <paramref name="labels"/>.</exception>
    public static ConfusionMatrix<T> Of<T>(IEnumerable<(T Truth, T Predicted)> pairs, IEnumerable<T>? labels = null)
        where T : notnull
    {
        List<(T Truth, T Predicted)> all = [.. pairs];
        return new([.. labels ?? all.SelectMany(p => new[] { p.Truth, p.Predicted }).Distinct()], all);
    }
}

/// <summary>Counts of predicted against true labels.</summary>
/// <typeparam name="T">The label.</typeparam>
public sealed class ConfusionMatrix<T>
    where T : notnull
{
    private readonly int[,] _counts;
    private readonly Dictionary<T, int> _index;

    internal ConfusionMatrix(ImmutableArray<T> labels, IReadOnlyCollection<(T Truth, T Predicted)> pairs)
    {
        Labels = labels;
        Total = pairs.Count;
        _counts = new int[labels.Length, labels.Length];
        _index = labels.Select((label, i) => (label, i)).ToDictionary(x => x.label, x => x.i);
        foreach ((T truth, T predicted) in pairs)
            _counts[IndexOf(truth), IndexOf(predicted)]++;
    }

    /// <summary>Rows and columns, in order.</summary>
    public ImmutableArray<T> Labels { get; }

    /// <summary>All items.</summary>
    public int Total { get; }

    /// <summary>Items with the given true and predicted labels.</summary>
    public int this[T truth, T predicted] => _counts[_index[truth], _index[predicted]];

    /// <summary>Share of items on the diagonal; NaN without items.</summary>
    public double Accuracy => (double)Labels.Sum(l => this[l, l]) / Total;

    /// <summary>Of the items predicted as <paramref name="label"/>, the share that is; NaN where none was.</summary>
    public double Precision(T label) => (double)this[label, label] / Labels.Sum(l => this[l, label]);

    /// <summary>Of the items that are <paramref name="label"/>, the share found; NaN where there is none.</summary>
    public double Recall(T label) => (double)this[label, label] / Labels.Sum(l => this[label, l]);

    /// <summary>2·TP / (2·TP + FP + FN); 0 where the label was neither there nor predicted.</summary>
    public double F1(T label)
    {
        int sum = Labels.Sum(l => this[l, label]) + Labels.Sum(l => this[label, l]);
        return sum == 0 ? 0 : 2.0 * this[label, label] / sum;
    }

    private int IndexOf(T label) => _index.TryGetValue(label, out int i)
        ? i
        : throw new PipelineException($"confusion matrix: label '{label}' is not among {string.Join(", ", Labels)}");
}
