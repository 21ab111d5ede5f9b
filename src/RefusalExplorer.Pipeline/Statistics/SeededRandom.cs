namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood 2014). The stream of a seed is the same on every machine and every .NET version,
/// which <see cref="System.Random"/> does not promise; records that name a seed rely on it.
/// </summary>
public sealed class SeededRandom(long seed)
{
    private ulong _state = unchecked((ulong)seed);

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            ulong z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>Uniform in 0 … <paramref name="exclusiveMax"/> − 1, without modulo bias.</summary>
    public int NextInt(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        ulong range = (ulong)exclusiveMax;
        // Values below 2^64 mod range would make the low results one more likely.
        ulong rejectBelow = unchecked(0 - range) % range;
        ulong draw;
        do
            draw = NextUInt64();
        while (draw < rejectBelow);
        return (int)(draw % range);
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Standard normal (Box and Muller 1958, the cosine branch).</summary>
    public double NextGaussian()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>
    /// Fisher–Yates from the front: after i steps the first i places are a uniform draw without replacement,
    /// so that drawing blocks one after another and cutting one permutation into blocks are the same thing.
    /// </summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = 0; i < items.Length - 1; i++)
        {
            int j = i + NextInt(items.Length - i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
