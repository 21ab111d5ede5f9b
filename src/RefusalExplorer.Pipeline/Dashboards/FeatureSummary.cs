namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>What a corpus tells of a feature, before tokens have a text.</summary>
internal sealed record FeatureSummary(
    int Count, float Max, float Mean, int[] Histogram, IReadOnlyList<ExampleSummary> Examples, IReadOnlyList<(int Feature, int Together)> CoFiring);

/// <summary>The largest activation of a text, with the activations around it that are not zero.</summary>
/// <param name="Text">0-based text.</param>
/// <param name="Peak">Position of the largest activation in the text; the first where several are equal.</param>
/// <param name="Entries">Positions in the text and activations there.</param>
internal sealed record ExampleSummary(int Text, int Peak, IReadOnlyList<(int Position, float Value)> Entries);

/// <summary>Sums a layer's activations up by feature. One instance a thread.</summary>
internal sealed class FeatureSummarizer(LayerActivations activations, TokenizedCorpus corpus, DashboardSettings settings)
{
    private readonly int[] _together = new int[activations.Features];
    private readonly List<int> _touched = [];

    public FeatureSummary Summarize(int feature)
    {
        ReadOnlySpan<int> tokens = activations.TokensOf(feature);
        ReadOnlySpan<float> values = activations.ValuesOf(feature);
        if (tokens.IsEmpty)
            return new FeatureSummary(0, 0, 0, [], [], []);
        float max = 0;
        double sum = 0;
        foreach (float value in values)
        {
            max = Math.Max(max, value);
            sum += value;
        }
        return new FeatureSummary(tokens.Length, max, (float)(sum / tokens.Length), Histogram(values, max), Examples(tokens, values), CoFiring(feature, tokens));
    }

    private int[] Histogram(ReadOnlySpan<float> values, float max)
    {
        var bars = new int[settings.HistogramBars];
        foreach (float value in values)
            bars[Math.Min(bars.Length - 1, (int)(value / (double)max * bars.Length))]++;
        return bars;
    }

    private List<ExampleSummary> Examples(ReadOnlySpan<int> tokens, ReadOnlySpan<float> values)
    {
        // The least of those kept comes out first: the smallest peak, of equal ones the last text.
        var best = new PriorityQueue<(int First, int End, int Peak, int Text), (float, int)>();
        for (int i = 0; i < tokens.Length;)
        {
            int text = corpus.TextOf(tokens[i]), end = i, peak = i;
            for (; end < tokens.Length && tokens[end] < corpus.Starts[text + 1]; end++)
            {
                if (values[end] > values[peak])
                    peak = end;
            }
            best.Enqueue((i, end, peak, text), (values[peak], -text));
            if (best.Count > settings.Examples)
                best.Dequeue();
            i = end;
        }
        var examples = new List<ExampleSummary>(best.Count);
        while (best.TryDequeue(out (int First, int End, int Peak, int Text) e, out _))
        {
            int start = corpus.Starts[e.Text], peak = tokens[e.Peak];
            var entries = new List<(int, float)>();
            for (int i = e.First; i < e.End; i++)
            {
                if (tokens[i] >= peak - settings.TokensBefore && tokens[i] <= peak + settings.TokensAfter)
                    entries.Add((tokens[i] - start, values[i]));
            }
            examples.Add(new ExampleSummary(e.Text, peak - start, entries));
        }
        examples.Reverse();
        return examples;
    }

    private List<(int Feature, int Together)> CoFiring(int feature, ReadOnlySpan<int> tokens)
    {
        int count = tokens.Length, sample = CoFiringSample(count, settings);
        for (int s = 0; s < sample; s++)
        {
            foreach (int other in activations.FeaturesOn(tokens[(int)((long)s * count / sample)]))
            {
                if (_together[other]++ == 0)
                    _touched.Add(other);
            }
        }
        List<(int Feature, int Together)> found =
        [
            .. _touched.Where(other => other != feature)
                .Select(other => (Feature: other, Together: _together[other], Jaccard: Jaccard(count, activations.Count(other), _together[other], sample)))
                .OrderByDescending(c => c.Jaccard).ThenBy(c => c.Feature).Take(settings.CoFiring)
                .Select(c => (c.Feature, c.Together)),
        ];
        foreach (int other in _touched)
            _together[other] = 0;
        _touched.Clear();
        return found;
    }

    /// <summary>Tokens that a feature's co-firing is counted on.</summary>
    public static int CoFiringSample(int count, DashboardSettings settings) => Math.Min(count, settings.CoFiringSample);

    /// <summary>|A ∧ B| / |A ∨ B|, where the tokens of both are known on a sample of A's.</summary>
    public static double Jaccard(int count, int otherCount, int together, int sample)
    {
        double both = Math.Min((double)together * count / sample, otherCount);
        return both / (count + otherCount - both);
    }
}
