using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>What is known of each feature of one layer's SAE.</summary>
/// <param name="Layer">0-based layer.</param>
/// <param name="Features">F.</param>
/// <param name="Sae">Fingerprint of the SAE.</param>
/// <param name="Cosine">Cosine of each decoder row with the refusal direction, [F]; null where it is not known.</param>
/// <param name="Density">Share of the corpus's tokens on which each is not zero, [F]; null where it is not known.</param>
/// <param name="Max">Largest activation of each over the corpus, [F]; null where it is not known.</param>
public sealed record LayerColumns(int Layer, int Features, string Sae, float[]? Cosine = null, float[]? Density = null, float[]? Max = null);

/// <summary>
/// A model's features as columns: row r is the r-th feature by layer, then index. What is not known is NaN. Hundreds of thousands of rows cost
/// twelve bytes each.
/// </summary>
public sealed class FeatureColumns
{
    private readonly int[] _starts;

    /// <summary>Lays layers one after another.</summary>
    /// <param name="layers">Each layer once, in any order.</param>
    /// <exception cref="PipelineException">A column is of another length than its layer.</exception>
    public FeatureColumns(IEnumerable<LayerColumns> layers)
    {
        Layers = [.. layers.OrderBy(l => l.Layer)];
        _starts = new int[Layers.Length + 1];
        for (int l = 0; l < Layers.Length; l++)
            _starts[l + 1] = checked(_starts[l] + Layers[l].Features);
        Cosine = Join(l => l.Cosine);
        Density = Join(l => l.Density);
        Max = Join(l => l.Max);
    }

    /// <summary>The layers, ascending.</summary>
    public ImmutableArray<LayerColumns> Layers { get; }

    /// <summary>Features of all layers.</summary>
    public int Count => _starts[^1];

    /// <summary>Cosine of each decoder row with the refusal direction, [rows].</summary>
    public float[] Cosine { get; }

    /// <summary>Density of each, [rows].</summary>
    public float[] Density { get; }

    /// <summary>Largest activation of each, [rows].</summary>
    public float[] Max { get; }

    /// <summary>The feature of a row.</summary>
    public FeatureId At(int row)
    {
        int layer = LayerOf(row);
        return new FeatureId(Layers[layer].Layer, row - _starts[layer]);
    }

    /// <summary>The row of a feature, or −1 where the model has no such feature.</summary>
    public int Row(FeatureId feature)
    {
        for (int l = 0; l < Layers.Length; l++)
        {
            if (Layers[l].Layer == feature.Layer)
                return feature.Index < Layers[l].Features ? _starts[l] + feature.Index : -1;
        }
        return -1;
    }

    /// <summary>The fingerprint of the SAE of a layer, or null where it has none.</summary>
    public string? Sae(int layer) => Layers.FirstOrDefault(l => l.Layer == layer)?.Sae;

    /// <summary>Rows of a layer, or none.</summary>
    internal Range RowsOf(int layer)
    {
        int at = 0;
        while (at < Layers.Length && Layers[at].Layer != layer)
            at++;
        return at < Layers.Length ? _starts[at].._starts[at + 1] : 0..0;
    }

    private int LayerOf(int row)
    {
        int found = Array.BinarySearch(_starts, row);
        if (found < 0)
            return ~found - 1;
        // A layer without features starts where the next one does.
        while (_starts[found + 1] == row)
            found++;
        return found;
    }

    private float[] Join(Func<LayerColumns, float[]?> column)
    {
        var all = new float[Count];
        Array.Fill(all, float.NaN);
        for (int l = 0; l < Layers.Length; l++)
        {
            if (column(Layers[l]) is not { } values)
                continue;
            if (values.Length != Layers[l].Features)
                throw new PipelineException($"features of layer {Layers[l].Layer}: a column of {values.Length} numbers, expected {Layers[l].Features}; make the dashboards anew");
            values.CopyTo(all, _starts[l]);
        }
        return all;
    }
}
