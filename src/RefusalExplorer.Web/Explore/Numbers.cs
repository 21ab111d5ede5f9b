using System.Globalization;

namespace RefusalExplorer.Web.Explore;

/// <summary>Numbers as pages write them for people, with the true minus sign; files, addresses and attributes write their own.</summary>
public static class Numbers
{
    private const string None = "–";

    /// <summary>A probability: three decimals, and small ones with their size; a dash for what is no number.</summary>
    public static string Probability(double p) => p switch
    {
        double.NaN => None,
        > 0 and < 0.0005 => Write(p, "0.0e+0"),
        _ => Write(p, "0.000"),
    };

    /// <summary>Three significant digits or so; a dash for what is no number.</summary>
    public static string Brief(double value) => Math.Abs(value) switch
    {
        double.NaN => None,
        0 => "0",
        < 0.001 => Write(value, "0.0e+0"),
        < 10 => Write(value, "0.###"),
        < 1000 => Write(value, "0.#"),
        _ => Write(value, "#,0"),
    };

    /// <summary>A cosine: always three decimals, so that a column of them lines up.</summary>
    public static string Cosine(double value) => Write(value, "+0.000;-0.000;0.000");

    /// <summary>A value with its sign.</summary>
    public static string WithSign(double value) => (value > 0 ? "+" : "") + Brief(value);

    private static string Write(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
}
