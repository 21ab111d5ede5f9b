using System.Numerics;

namespace RefusalExplorer.Engine.Generation;

/// <summary>Draws the next token from logits: greedy at temperature 0, else top-k, then top-p, then by the row's own seeded stream.</summary>
internal sealed class Sampler(GenerationOptions options, int row)
{
    // Rows draw from separate streams, so that a row's text does not depend on which others run beside it.
    private readonly Random _random = new(unchecked((int)((((uint)options.Seed * 2654435761u) ^ ((uint)row * 2246822519u)) & int.MaxValue)));

    public int Next(ReadOnlySpan<float> logits)
    {
        if (options.Temperature <= 0)
            return ArgMax(logits);
        if (options.TopK <= 0 && options.TopP >= 1)
            return Draw(logits);
        int[] order = [.. Enumerable.Range(0, logits.Length)];
        float[] keys = logits.ToArray();
        for (int i = 0; i < keys.Length; i++)
            keys[i] = -keys[i];
        Array.Sort(keys, order);
        int kept = options.TopK > 0 ? Math.Min(options.TopK, order.Length) : order.Length;
        var weights = new double[kept];
        double total = 0;
        for (int i = 0; i < kept; i++)
            total += weights[i] = Math.Exp((keys[0] - keys[i]) / options.Temperature);
        if (options.TopP < 1)
            kept = Nucleus(weights, total, options.TopP, out total);
        double draw = _random.NextDouble() * total;
        for (int i = 0; i < kept; i++)
        {
            draw -= weights[i];
            if (draw <= 0)
                return order[i];
        }
        return order[kept - 1];
    }

    /// <summary>The first of the largest logits, as PyTorch's argmax has it.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var largest = new Vector<float>(logits[0]);
        int i = 0;
        for (; i <= logits.Length - Vector<float>.Count; i += Vector<float>.Count)
            largest = Vector.Max(largest, new Vector<float>(logits[i..]));
        float best = logits[0];
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            best = MathF.Max(best, largest[lane]);
        for (; i < logits.Length; i++)
            best = MathF.Max(best, logits[i]);
        return Math.Max(0, logits.IndexOf(best));
    }

    // Nothing is cut off, so nothing needs sorting.
    private int Draw(ReadOnlySpan<float> logits)
    {
        float largest = logits[ArgMax(logits)];
        var weights = new double[logits.Length];
        double total = 0;
        for (int i = 0; i < weights.Length; i++)
            total += weights[i] = Math.Exp((logits[i] - largest) / options.Temperature);
        double draw = _random.NextDouble() * total;
        for (int i = 0; i < weights.Length; i++)
        {
            draw -= weights[i];
            if (draw <= 0)
                return i;
        }
        return ArgMax(logits);
    }

    private static int Nucleus(double[] weights, double total, double topP, out double mass)
    {
        mass = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            mass += weights[i];
            if (mass >= topP * total)
                return i + 1;
        }
        return weights.Length;
    }
}
