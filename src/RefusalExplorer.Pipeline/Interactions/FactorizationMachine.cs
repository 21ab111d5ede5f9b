using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>
/// A second-order factorization machine, ŷ(x) = w₀ + Σ wᵢxᵢ + Σᵢ&lt;ⱼ ⟨vᵢ, vⱼ⟩ xᵢxⱼ (paper, Eq. 2; Rendle 2010), with the pair sum taken as
/// ½ Σ_f ((Σᵢ v_if xᵢ)² − Σᵢ v_if² xᵢ²).
/// </summary>
/// <remarks>
/// One row a feature: its k embedding numbers, its linear weight, zeros up to a multiple of 8. The weight beside the embedding lets one sweep
/// over a sample's rows give the linear term and the embedding sums together. Arithmetic is by fixed groups of 8 lanes, so results do not depend
/// on the machine's vector width.
/// </remarks>
public sealed class FactorizationMachine
{
    private const int Lanes = 8;

    internal FactorizationMachine(ImmutableArray<FeatureId> features, int embeddingSize, float[] rows, float bias)
    {
        (Features, EmbeddingSize, Rows, Bias) = (features, embeddingSize, rows, bias);
        Stride = StrideOf(embeddingSize);
    }

    /// <summary>The columns, ascending.</summary>
    public ImmutableArray<FeatureId> Features { get; }

    /// <summary>k.</summary>
    public int EmbeddingSize { get; }

    /// <summary>w₀.</summary>
    public float Bias { get; internal set; }

    internal float[] Rows { get; }

    internal int Stride { get; }

    /// <summary>wᵢ of a column.</summary>
    public float Weight(int column) => Rows[(column * Stride) + EmbeddingSize];

    /// <summary>vᵢ [k] of a column.</summary>
    public ReadOnlySpan<float> Embedding(int column) => Rows.AsSpan(column * Stride, EmbeddingSize);

    /// <summary>The column of a feature, or −1 where it never fired in training.</summary>
    public int ColumnOf(FeatureId feature) => Math.Max(-1, Features.BinarySearch(feature));

    /// <summary>ŷ, a logit, of a sample given by its columns and (scaled) values.</summary>
    public double Predict(ReadOnlySpan<int> columns, ReadOnlySpan<float> values)
    {
        Span<float> sums = stackalloc float[Stride];
        return Predict(columns, values, sums);
    }

    internal static int StrideOf(int embeddingSize) => (embeddingSize + 1 + Lanes - 1) / Lanes * Lanes;

    /// <summary>Parameters before training.</summary>
    internal static FactorizationMachine Initial(ImmutableArray<FeatureId> features, FactorizationMachineSettings settings)
    {
        int stride = StrideOf(settings.EmbeddingSize);
        float[] rows = new float[checked(features.Length * stride)];
        SeededRandom random = new(settings.Seed);
        for (int row = 0; row < rows.Length; row += stride)
        {
            for (int f = 0; f < settings.EmbeddingSize; f++)
                rows[row + f] = (float)(settings.InitialDeviation * random.NextGaussian());
        }
        return new FactorizationMachine(features, settings.EmbeddingSize, rows, 0);
    }

    /// <summary>ŷ, and in <paramref name="sums"/> [stride] Σ xᵢ·rowᵢ: the embedding sums and, behind them, the linear term.</summary>
    internal double Predict(ReadOnlySpan<int> columns, ReadOnlySpan<float> values, Span<float> sums)
    {
        ref float rows = ref MemoryMarshal.GetArrayDataReference(Rows);
        ref float sum = ref MemoryMarshal.GetReference(sums);
        double logit = Bias;
        // One group of lanes at a time keeps the running sums in registers; a row is at most a few cache lines.
        for (int lane = 0; lane < Stride; lane += Lanes)
        {
            Vector256<float> linear = Vector256<float>.Zero, squares = Vector256<float>.Zero;
            for (int i = 0; i < columns.Length; i++)
            {
                Vector256<float> product = Vector256.LoadUnsafe(ref rows, (nuint)((columns[i] * Stride) + lane)) * values[i];
                linear += product;
                squares += product * product;
            }
            linear.StoreUnsafe(ref sum, (nuint)lane);
            for (int f = lane; f < Math.Min(lane + Lanes, EmbeddingSize); f++)
                logit += 0.5 * (((double)linear[f - lane] * linear[f - lane]) - squares[f - lane]);
        }
        return logit + sums[EmbeddingSize];
    }
}
