using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>
/// Tokens of massive activations beyond the first: models put them on an early line break, dash or comma too, hundreds of times the usual norm
/// (Sun et al. 2024, "Massive Activations in Large Language Models"). No SAE was trained on them, every feature that fires there does so absurdly,
/// and so they would head every feature's examples and set its maximum.
/// </summary>
internal static class SinkTokens
{
    /// <summary>The same activations, silent on tokens whose activations have a norm above <paramref name="ratio"/> times the median.</summary>
    /// <param name="byToken">A layer's activations over a corpus.</param>
    /// <param name="ratio">At least 1. The median is over tokens on which something fires.</param>
    /// <returns>The activations, and how many tokens were silenced.</returns>
    public static (SparseActivations Kept, int Sinks) Silence(SparseActivations byToken, double ratio)
    {
        var squares = new double[byToken.Tokens];
        for (int token = 0; token < squares.Length; token++)
        {
            foreach (float value in byToken.Values.AsSpan(byToken.Starts[token]..byToken.Starts[token + 1]))
                squares[token] += (double)value * value;
        }
        double[] firing = [.. squares.Where(s => s > 0)];
        if (firing.Length == 0)
            return (byToken, 0);
        Array.Sort(firing);
        double most = ratio * ratio * firing[firing.Length / 2];
        int sinks = firing.Count(s => s > most);
        return sinks == 0 ? (byToken, 0) : (Without(byToken, token => squares[token] > most), sinks);
    }

    private static SparseActivations Without(SparseActivations byToken, Func<int, bool> isSink)
    {
        var starts = new int[byToken.Starts.Length];
        for (int token = 0; token < byToken.Tokens; token++)
            starts[token + 1] = starts[token] + (isSink(token) ? 0 : byToken.Starts[token + 1] - byToken.Starts[token]);
        var features = new int[starts[^1]];
        var values = new float[starts[^1]];
        for (int token = 0; token < byToken.Tokens; token++)
        {
            int from = byToken.Starts[token], count = starts[token + 1] - starts[token];
            byToken.Features.AsSpan(from, count).CopyTo(features.AsSpan(starts[token]));
            byToken.Values.AsSpan(from, count).CopyTo(values.AsSpan(starts[token]));
        }
        return new SparseActivations(starts, features, values);
    }
}
