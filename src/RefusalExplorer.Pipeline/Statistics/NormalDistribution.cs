namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>The standard normal distribution.</summary>
internal static class NormalDistribution
{
    /// <summary>Φ(x), by Marsaglia's series (J. Stat. Softw. 11, 2004); absolute error below 1e-15.</summary>
    public static double Cumulative(double x)
    {
        if (x < -8)
            return 0;
        if (x > 8)
            return 1;
        double sum = x, term = x;
        for (int i = 3; ; i += 2)
        {
            term *= x * x / i;
            double next = sum + term;
            if (next == sum)
                break;
            sum = next;
        }
        return 0.5 + (sum * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI));
    }

    /// <summary>Φ⁻¹(p) for p in (0, 1), by bisection down to neighbouring doubles.</summary>
    public static double Quantile(double p)
    {
        double low = -8, high = 8;
        while (true)
        {
            double middle = 0.5 * (low + high);
            if (middle == low || middle == high)
                return middle;
            if (Cumulative(middle) < p)
                low = middle;
            else
                high = middle;
        }
    }
}
