using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>The factors of one Adam step (Kingma and Ba 2015), bias corrections included.</summary>
internal readonly record struct AdamStep(float Beta1, float Beta2, float StepSize, float RootCorrection, float Epsilon)
{
    /// <summary>Step <paramref name="t"/>, counted from 1.</summary>
    public static AdamStep At(int t, FactorizationMachineSettings s) => new(
        (float)s.Beta1, (float)s.Beta2, (float)(s.LearningRate / (1 - Math.Pow(s.Beta1, t))),
        (float)Math.Sqrt(1 - Math.Pow(s.Beta2, t)), (float)s.Epsilon);

    /// <summary>The update of one parameter: its two moments and what is taken off it.</summary>
    public float Move(float gradient, ref float m, ref float v)
    {
        m = (Beta1 * m) + ((1 - Beta1) * gradient);
        v = (Beta2 * v) + ((1 - Beta2) * gradient * gradient);
        return StepSize * m / ((MathF.Sqrt(v) / RootCorrection) + Epsilon);
    }
}

/// <summary>One sample of a batch: its data, its embedding sums (with 1 in the weight's place) and dLoss/dŷ.</summary>
internal sealed class BatchSample(int stride)
{
    public int Row { get; set; }

    public float[] Sums { get; } = new float[stride];

    public float Error { get; set; }
}

/// <summary>
/// Gradients and Adam moments of a contiguous range of columns. Ranges share nothing, so they run on any number of threads; within a range a
/// column's gradient is summed in the order of the batch, so the result is the same bit for bit however many threads or ranges there are.
/// </summary>
internal sealed class AdamColumns
{
    private const int Lanes = 8;

    private readonly FactorizationMachine _model;
    private readonly FactorizationMachineSettings _settings;
    private readonly int _first;
    private readonly int _count;
    private readonly float[] _m;
    private readonly float[] _v;
    private readonly int[] _slotOf;
    private readonly List<int> _touched = [];
    private readonly float[] _embeddingLanes;
    private float[] _gradients = [];
    private float[] _curvatures = [];

    public AdamColumns(FactorizationMachine model, FactorizationMachineSettings settings, int first, int count)
    {
        (_model, _settings, _first, _count) = (model, settings, first, count);
        _m = new float[count * model.Stride];
        _v = new float[count * model.Stride];
        _slotOf = new int[count];
        Array.Fill(_slotOf, -1);
        _embeddingLanes = new float[model.Stride];
        _embeddingLanes.AsSpan(0, model.EmbeddingSize).Fill(1);
    }

    /// <summary>Sums the batch's gradients over this range and makes the step.</summary>
    public void Update(SparseRows rows, ReadOnlySpan<BatchSample> batch, AdamStep step)
    {
        foreach (BatchSample sample in batch)
            Accumulate(rows.Columns(sample.Row), rows.Values(sample.Row), sample);
        if (_settings.Adam == AdamVariant.Dense)
        {
            for (int column = 0; column < _count; column++)
                Move(column, _slotOf[column], step);
        }
        else
        {
            foreach (int column in _touched)
                Move(column, _slotOf[column], step);
        }
        foreach (int column in _touched)
            _slotOf[column] = -1;
        _touched.Clear();
    }

    /// <summary>
    /// dŷ/dv_if = xᵢ (s_f − v_if xᵢ) and dŷ/dwᵢ = xᵢ: the gradient of a row is Σ_b e_b x_b s_b − row · Σ_b e_b x_b² (no second term for w),
    /// so the row itself is only needed once, at the end.
    /// </summary>
    private void Accumulate(ReadOnlySpan<int> columns, ReadOnlySpan<float> values, BatchSample sample)
    {
        int begin = LowerBound(columns, _first), end = LowerBound(columns, _first + _count), stride = _model.Stride;
        ref float sums = ref MemoryMarshal.GetArrayDataReference(sample.Sums);
        for (int i = begin; i < end; i++)
        {
            int slot = SlotOf(columns[i] - _first);
            float scaled = sample.Error * values[i];
            _curvatures[slot] += scaled * values[i];
            ref float gradient = ref _gradients[slot * stride];
            for (int lane = 0; lane < stride; lane += Lanes)
            {
                Vector256<float> sum = Vector256.LoadUnsafe(ref gradient, (nuint)lane) + (Vector256.LoadUnsafe(ref sums, (nuint)lane) * scaled);
                sum.StoreUnsafe(ref gradient, (nuint)lane);
            }
        }
    }

    private void Move(int column, int slot, AdamStep step)
    {
        int stride = _model.Stride;
        ref float row = ref _model.Rows[(_first + column) * stride];
        ref float m = ref _m[column * stride];
        ref float v = ref _v[column * stride];
        for (int lane = 0; lane < stride; lane += Lanes)
        {
            nuint at = (nuint)lane;
            Vector256<float> parameter = Vector256.LoadUnsafe(ref row, at), gradient = Vector256<float>.Zero;
            if (slot >= 0)
            {
                Vector256<float> own = parameter * Vector256.LoadUnsafe(ref _embeddingLanes[lane]) * _curvatures[slot];
                gradient = Vector256.LoadUnsafe(ref _gradients[slot * stride], at) - own;
            }
            Vector256<float> first = (Vector256.LoadUnsafe(ref m, at) * step.Beta1) + (gradient * (1 - step.Beta1));
            Vector256<float> second = (Vector256.LoadUnsafe(ref v, at) * step.Beta2) + (gradient * (1 - step.Beta2) * gradient);
            first.StoreUnsafe(ref m, at);
            second.StoreUnsafe(ref v, at);
            Vector256<float> root = (Vector256.Sqrt(second) / Vector256.Create(step.RootCorrection)) + Vector256.Create(step.Epsilon);
            (parameter - (first * step.StepSize / root)).StoreUnsafe(ref row, at);
        }
    }

    private int SlotOf(int column)
    {
        int slot = _slotOf[column];
        if (slot >= 0)
            return slot;
        _slotOf[column] = slot = _touched.Count;
        _touched.Add(column);
        int stride = _model.Stride;
        if (slot >= _curvatures.Length)
        {
            int capacity = Math.Min(_count, Math.Max(256, 2 * slot));
            Array.Resize(ref _curvatures, capacity);
            Array.Resize(ref _gradients, capacity * stride);
        }
        _curvatures[slot] = 0;
        _gradients.AsSpan(slot * stride, stride).Clear();
        return slot;
    }

    private static int LowerBound(ReadOnlySpan<int> sorted, int value)
    {
        int at = sorted.BinarySearch(value);
        return at < 0 ? ~at : at;
    }
}
