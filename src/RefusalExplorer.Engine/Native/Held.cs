using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Native;

/// <summary>
/// Scalars that are never collected, and operators that use them. TorchSharp hands a scalar's handle to native code and lets go of its owner: where
/// a collection falls between the two, the operator reads freed memory, and answers with a wrong number or an error. A number that is written into
/// an operator (<c>x.mul(0.5)</c>) makes such an owner, and <c>a + b</c>, <c>a - b</c> and <c>x.square()</c> make one too: under a collector that never rests, one in
/// some ten thousand failed. <c>BannedSymbols.txt</c> keeps all of these out of the product's code.
/// </summary>
internal static class Held
{
    public static readonly Scalar Zero = Of(0);
    public static readonly Scalar NegativeInfinity = Of(float.NegativeInfinity);
    private static readonly Scalar One = Of(1);
    private static readonly Scalar MinusOne = Of(-1);

#pragma warning disable RS0030 // the one place where scalars are made: who asks for one holds it
    /// <summary>An integer scalar, for the caller to hold.</summary>
    public static Scalar Of(int value) => value;

    /// <summary>A floating-point scalar, for the caller to hold.</summary>
    public static Scalar Of(double value) => value;
#pragma warning restore RS0030

    /// <summary>a + b. TorchSharp's own operator makes a scalar, 1, that b is multiplied by, and does not hold it.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>a − b.</summary>
    public static Tensor Minus(this Tensor a, Tensor b) => a.add(b, MinusOne);

    /// <summary>a ← a + b.</summary>
    public static Tensor PlusInPlace(this Tensor a, Tensor b) => a.add_(b, One);

    /// <summary>a + s.</summary>
    public static Tensor Plus(this Tensor a, Scalar s) => a.add(s, One);

    /// <summary>a ← a + s. TorchSharp's own <c>add_(s)</c> makes the 1 that s is multiplied by.</summary>
    public static Tensor PlusInPlace(this Tensor a, Scalar s) => a.add_(s, One);

    /// <summary>An operator with a number that is held until it returns.</summary>
    public static Tensor Use(double value, Func<Scalar, Tensor> apply)
    {
        Scalar held = Of(value);
        Tensor result = apply(held);
        GC.KeepAlive(held);
        return result;
    }

    /// <summary>start, start + 1, … as int64 [count]; <c>arange</c> takes scalars.</summary>
    public static Tensor Range(int start, int count, Device device)
    {
        var values = new long[count];
        for (int i = 0; i < count; i++)
            values[i] = start + i;
        return tensor(values, device: device);
    }
}
