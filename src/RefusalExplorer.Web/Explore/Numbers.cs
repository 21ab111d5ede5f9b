using System.Globalization;

namespace RefusalExplorer.Web.Explore;

/// <summary>Numbers as pages write them.</summary>
public static class Numbers
{
    private const string None = "–";

    /// <summary>A probability: three decimals, and small ones with their size; a dash for what is no number.</summary>
    public static string Probability(double p) => p switch
    {
        double.NaN => None,
        > 0 and < 0.0005 => p.ToString("0.0e+0", CultureInfo.InvariantCulture),
        _ => p.ToString("0.000", CultureInfo.InvariantCulture),
    };

    /// <summary>Three significant digits or so; a dash for what is no number.</summary>
    public static string Brief(double value) => Math.Abs(value) switch
    {
        double.NaN => None,
        0 => "0",
        < 0.001 => value.ToString("0.0e+0", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("#,0", CultureInfo.InvariantCulture),
    };

    /// <summary>A cosine: always three decimals, so that a column of them lines up.</summary>
    public static string Cosine(double value) => value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

    /// <summary>A value with its sign.</summary>
    public static string WithSign(double value) => (value > 0 ? "+" : "") + Brief(value);
}
