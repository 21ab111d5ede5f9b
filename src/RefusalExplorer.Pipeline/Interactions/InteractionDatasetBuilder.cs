using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>A feature that is active on a token.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Activation">Its activation, above 0.</param>
public readonly record struct ActiveFeature(FeatureId Feature, float Activation);

/// <summary>Collects the active features of prompts and makes the sparse data set from them (paper, appendix, "Dataset for training Factorization Machines").</summary>
public sealed class InteractionDatasetBuilder(InteractionDatasetSettings? settings = null)
{
    private readonly InteractionDatasetSettings _settings = settings ?? new();
    private readonly Dictionary<FeatureId, int> _ids = [];
    private readonly List<FeatureId> _features = [];
    private readonly List<Prompt> _prompts = [];

    /// <summary>Prompts so far.</summary>
    public int Count => _prompts.Count;

    /// <summary>Adds a prompt.</summary>
    /// <param name="harmful">Its label.</param>
    /// <param name="tokens">For each recorded token, in order, its active features; of these the last <see cref="InteractionDatasetSettings.LastTokens"/> count.</param>
    /// <exception cref="PipelineException">There is no token, a feature comes twice on a token, or an activation is not a positive number.</exception>
    public void Add(bool harmful, IReadOnlyList<IReadOnlyList<ActiveFeature>> tokens)
    {
        if (tokens.Count == 0)
            throw new PipelineException($"interaction data: prompt {Count + 1} has no token; expected the activations of its last {_settings.LastTokens}");
        IReadOnlyList<ActiveFeature>[] last = [.. tokens.TakeLast(_settings.LastTokens)];
        Sample[] samples = _settings.Pooling switch
        {
            TokenPooling.Separate => [.. last.Select(ToSample)],
            TokenPooling.Max => [ToSample(Pool(last, Math.Max, 1))],
            _ => [ToSample(Pool(last, (a, b) => a + b, last.Length))],
        };
        _prompts.Add(new Prompt(harmful, samples));
    }

    /// <summary>Splits the prompts, each label by itself, and lays the samples out.</summary>
    /// <exception cref="PipelineException">A split would lack one of the labels, or no feature is active in training.</exception>
    public InteractionDataset Build()
    {
        (List<Prompt> train, List<Prompt> validation, List<Prompt> test) = Split();
        int[] columnOf = TrainedColumns(train, out ImmutableArray<FeatureId> features);
        if (features.IsEmpty)
            throw new PipelineException("interaction data: no feature is active on any training token; check the layers and the SAEs");
        SparseRows trainRows = Layout(train, columnOf, features.Length);
        SparseRows validationRows = Layout(validation, columnOf, features.Length), testRows = Layout(test, columnOf, features.Length);
        if (_settings.Scaling == ActivationScaling.FeatureMaximum)
        {
            float[] factors = [.. MaximumByColumn(trainRows).Select(max => 1 / max)];
            foreach (SparseRows rows in new[] { trainRows, validationRows, testRows })
                rows.Scale(factors);
        }
        return new InteractionDataset(features, trainRows, validationRows, testRows, _settings);
    }

    private Sample ToSample(IReadOnlyList<ActiveFeature> active)
    {
        int[] ids = new int[active.Count];
        float[] values = new float[active.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            (FeatureId feature, float value) = active[i];
            if (!(value > 0) || !float.IsFinite(value))
                throw new PipelineException($"interaction data: prompt {Count + 1}, {feature}: activation {value}; expected a positive number (leave silent features out)");
            if (!_ids.TryGetValue(feature, out ids[i]))
            {
                _ids.Add(feature, ids[i] = _features.Count);
                _features.Add(feature);
            }
            values[i] = value;
        }
        Array.Sort(ids, values);
        int twice = Enumerable.Range(1, Math.Max(0, ids.Length - 1)).FirstOrDefault(i => ids[i] == ids[i - 1]);
        return twice == 0 ? new Sample(ids, values)
            : throw new PipelineException($"interaction data: prompt {Count + 1}, {_features[ids[twice]]}: it comes twice on one token");
    }

    private static List<ActiveFeature> Pool(IReadOnlyList<ActiveFeature>[] tokens, Func<float, float, float> join, int divisor)
    {
        Dictionary<FeatureId, float> pooled = [];
        foreach ((FeatureId feature, float value) in tokens.SelectMany(t => t))
            pooled[feature] = pooled.TryGetValue(feature, out float before) ? join(before, value) : value;
        return [.. pooled.Select(p => new ActiveFeature(p.Key, p.Value / divisor))];
    }

    private (List<Prompt> Train, List<Prompt> Validation, List<Prompt> Test) Split()
    {
        List<Prompt> train = [], validation = [], test = [];
        SeededRandom random = new(_settings.Seed);
        foreach (bool harmful in new[] { true, false })
        {
            Prompt[] prompts = [.. _prompts.Where(p => p.Harmful == harmful)];
            random.Shuffle<Prompt>(prompts);
            int trained = (int)Math.Round(prompts.Length * _settings.TrainShare);
            int validated = (int)Math.Round(prompts.Length * _settings.ValidationShare);
            if (trained < 1 || validated < 1 || prompts.Length - trained - validated < 1)
            {
                throw new PipelineException(
                    $"interaction data: {prompts.Length} {(harmful ? "harmful" : "harmless")} prompts split into {trained}, {validated} and {prompts.Length - trained - validated}; expected at least one in each of train, validation and test (give at least 10 of each kind)");
            }
            train.AddRange(prompts[..trained]);
            validation.AddRange(prompts[trained..(trained + validated)]);
            test.AddRange(prompts[(trained + validated)..]);
        }
        return (train, validation, test);
    }

    private int[] TrainedColumns(List<Prompt> train, out ImmutableArray<FeatureId> features)
    {
        bool[] seen = new bool[_features.Count];
        foreach (int id in train.SelectMany(p => p.Samples).SelectMany(s => s.Ids))
            seen[id] = true;
        int[] order = [.. Enumerable.Range(0, seen.Length).Where(id => seen[id]).OrderBy(id => _features[id])];
        int[] columnOf = new int[seen.Length];
        Array.Fill(columnOf, -1);
        for (int column = 0; column < order.Length; column++)
            columnOf[order[column]] = column;
        features = [.. order.Select(id => _features[id])];
        return columnOf;
    }

    private static SparseRows Layout(List<Prompt> prompts, int[] columnOf, int columnCount)
    {
        (bool Label, Sample Sample)[] samples = [.. prompts.SelectMany(p => p.Samples.Select(s => (p.Harmful, s)))];
        int[] starts = new int[samples.Length + 1];
        for (int r = 0; r < samples.Length; r++)
            starts[r + 1] = checked(starts[r] + samples[r].Sample.Ids.Count(id => columnOf[id] >= 0));
        int[] columns = new int[starts[^1]];
        float[] values = new float[starts[^1]];
        for (int r = 0; r < samples.Length; r++)
        {
            int at = starts[r];
            Sample sample = samples[r].Sample;
            for (int i = 0; i < sample.Ids.Length; i++)
            {
                if (columnOf[sample.Ids[i]] is int column and >= 0)
                    (columns[at], values[at++]) = (column, sample.Values[i]);
            }
            Array.Sort(columns, values, starts[r], at - starts[r]);
        }
        return new SparseRows(starts, columns, values, [.. samples.Select(s => s.Label)], columnCount);
    }

    private static float[] MaximumByColumn(SparseRows rows)
    {
        float[] max = new float[rows.ColumnCount];
        for (int r = 0; r < rows.Count; r++)
        {
            ReadOnlySpan<int> columns = rows.Columns(r);
            ReadOnlySpan<float> values = rows.Values(r);
            for (int i = 0; i < columns.Length; i++)
                max[columns[i]] = Math.Max(max[columns[i]], values[i]);
        }
        return max;
    }

    private sealed record Prompt(bool Harmful, Sample[] Samples);

    private sealed record Sample(int[] Ids, float[] Values);
}
