namespace RefusalExplorer.Engine.Saes;

/// <summary>The activations other than zero that one SAE has on N tokens, by token and then by feature (compressed rows).</summary>
/// <param name="Starts">Token n owns the entries Starts[n] to Starts[n + 1]; [N + 1].</param>
/// <param name="Features">0-based feature of each entry, ascending within a token.</param>
/// <param name="Values">Activation of each entry.</param>
public sealed record SparseActivations(int[] Starts, int[] Features, float[] Values)
{
    /// <summary>N.</summary>
    public int Tokens => Starts.Length - 1;

    /// <summary>The entries of one token.</summary>
    public IEnumerable<FeatureWeight> At(int token)
    {
        for (int i = Starts[token]; i < Starts[token + 1]; i++)
            yield return new FeatureWeight(Features[i], Values[i]);
    }

    /// <summary>From each token's largest pre-activations; those not above zero are no activations.</summary>
    internal static SparseActivations OfWinners(IReadOnlyList<FeatureWeight[]> byToken)
    {
        FeatureWeight[][] kept = [.. byToken.Select(row => row.Where(w => w.Value > 0).OrderBy(w => w.Id).ToArray())];
        var starts = new int[kept.Length + 1];
        for (int n = 0; n < kept.Length; n++)
            starts[n + 1] = starts[n] + kept[n].Length;
        return new SparseActivations(starts, [.. kept.SelectMany(r => r.Select(w => w.Id))], [.. kept.SelectMany(r => r.Select(w => w.Value))]);
    }
}

/// <summary>Gathers the entries of feature blocks that come one after another into one set of compressed rows.</summary>
internal sealed class SparseGatherer(int tokens)
{
    private readonly List<Part> _parts = [];

    /// <summary>Takes what is not zero of z [N, S].</summary>
    /// <param name="z_NS">Activations of the features from <paramref name="firstFeature"/> on, row-major.</param>
    /// <param name="firstFeature">The first of the block's features.</param>
    /// <param name="width">S.</param>
    public void Take(ReadOnlySpan<float> z_NS, int firstFeature, int width)
    {
        var part = new Part(new int[tokens + 1], [], []);
        for (int n = 0; n < tokens; n++)
        {
            ReadOnlySpan<float> row = z_NS.Slice(n * width, width);
            for (int s = 0; s < width; s++)
            {
                if (row[s] == 0)
                    continue;
                part.Features.Add(firstFeature + s);
                part.Values.Add(row[s]);
            }
            part.Starts[n + 1] = part.Features.Count;
        }
        _parts.Add(part);
    }

    public SparseActivations Finish()
    {
        var starts = new int[tokens + 1];
        for (int n = 0; n < tokens; n++)
            starts[n + 1] = starts[n] + _parts.Sum(p => p.Starts[n + 1] - p.Starts[n]);
        var features = new int[starts[tokens]];
        var values = new float[starts[tokens]];
        for (int n = 0, at = 0; n < tokens; n++)
        {
            foreach (Part part in _parts)
            {
                int count = part.Starts[n + 1] - part.Starts[n];
                part.Features.CopyTo(part.Starts[n], features, at, count);
                part.Values.CopyTo(part.Starts[n], values, at, count);
                at += count;
            }
        }
        return new SparseActivations(starts, features, values);
    }

    private sealed record Part(int[] Starts, List<int> Features, List<float> Values);
}
