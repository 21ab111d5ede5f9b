using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace RefusalExplorer.Web.Live;

/// <summary>Places of a line by layer in a drawing of 300 × 100; drawn by the page itself, since it moves with the slider.</summary>
public static class LayerPath
{
    /// <summary>Width of the drawing.</summary>
    public const double Width = 300;

    /// <summary>Height of the drawing.</summary>
    public const double Height = 100;

    /// <summary>The points of a line, as SVG has them.</summary>
    /// <param name="values">One value a layer.</param>
    /// <param name="least">Value at the bottom.</param>
    /// <param name="most">Value at the top.</param>
    public static string Points(ImmutableArray<float> values, double least, double most)
    {
        var points = new StringBuilder();
        for (int l = 0; l < values.Length; l++)
        {
            double x = values.Length > 1 ? Width * l / (values.Length - 1) : 0;
            points.Append(CultureInfo.InvariantCulture, $"{(l == 0 ? "" : " ")}{x:0.##},{Y(values[l], least, most):0.##}");
        }
        return points.ToString();
    }

    /// <summary>Height of a value.</summary>
    public static double Y(double value, double least, double most) =>
        Height * (1 - Math.Clamp((double.IsFinite(value) ? value - least : 0) / (most - least), 0, 1));
}
