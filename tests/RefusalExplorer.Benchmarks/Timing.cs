using System.Diagnostics;
using System.Globalization;

namespace RefusalExplorer.Benchmarks;

/// <summary>What all benchmarks measure and print with.</summary>
internal static class Timing
{
    /// <summary>Milliseconds of one run.</summary>
    public static double Once(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Median milliseconds of some runs.</summary>
    public static double Median(int runs, Action action) => Median([.. Enumerable.Range(0, runs).Select(_ => Once(action))]);

    /// <summary>The upper median.</summary>
    public static double Median(IReadOnlyList<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>A line with invariant numbers.</summary>
    public static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
