using RefusalExplorer.Pipeline.Pruning;

namespace RefusalExplorer.Pipeline.Tests.Pruning;

/// <summary>P as a function of the ablated places; counts what it is asked.</summary>
internal sealed class FakeProbability(Func<bool[], double> p) : IAblationProbability
{
    public int Calls { get; private set; }

    public int Sets { get; private set; }

    public double[] Evaluate(IReadOnlyList<bool[]> masks, IProgress<int>? done = null, CancellationToken cancellation = default)
    {
        Calls++;
        Sets += masks.Count;
        double[] values = [.. masks.Select(p)];
        done?.Report(masks.Count);
        return values;
    }
}
