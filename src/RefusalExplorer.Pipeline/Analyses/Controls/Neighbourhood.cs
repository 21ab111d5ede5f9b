using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>A layer's features by how near they are in a measure.</summary>
internal sealed class Neighbourhood
{
    /// <summary>Neighbours among which one is drawn.</summary>
    private const int Nearest = 20;

    private readonly double[] _measure;
    private readonly int[] _order;
    private readonly int[] _rank;

    /// <summary>Sorts the features.</summary>
    /// <param name="measure">A finite number for each feature, [F].</param>
    public Neighbourhood(double[] measure)
    {
        _measure = measure;
        _order = [.. Enumerable.Range(0, measure.Length).OrderBy(i => measure[i])];
        _rank = new int[measure.Length];
        for (int r = 0; r < _order.Length; r++)
            _rank[_order[r]] = r;
    }

    /// <summary>
    /// One of the 20 nearest others that are not taken. Where more tie for the last places (thousands are active on no token), each of the tied is as
    /// likely as the others: the first by index would always be the same few.
    /// </summary>
    /// <param name="feature">Whose neighbour.</param>
    /// <param name="taken">What must not be drawn, [F]; the feature itself is not drawn either.</param>
    /// <param name="random">Source of the draw.</param>
    /// <exception cref="ArgumentException">All others are taken.</exception>
    public int Draw(int feature, bool[] taken, SeededRandom random)
    {
        List<int> near = [];
        int low = _rank[feature] - 1, high = _rank[feature] + 1, nearer = 0;
        double reach = 0;
        while (low >= 0 || high < _order.Length)
        {
            double below = low >= 0 ? _measure[feature] - _measure[_order[low]] : double.PositiveInfinity;
            double above = high < _order.Length ? _measure[_order[high]] - _measure[feature] : double.PositiveInfinity;
            double distance = Math.Min(below, above);
            if (near.Count >= Nearest && distance > reach)
                break;
            int next = below <= above ? _order[low--] : _order[high++];
            if (taken[next])
                continue;
            if (distance > reach)
                (nearer, reach) = (near.Count, distance);
            near.Add(next);
        }
        if (near.Count == 0)
            throw new ArgumentException("every other feature is taken", nameof(taken));
        int place = random.NextInt(Math.Min(Nearest, near.Count));
        return near[place < nearer ? place : nearer + random.NextInt(near.Count - nearer)];
    }
}
