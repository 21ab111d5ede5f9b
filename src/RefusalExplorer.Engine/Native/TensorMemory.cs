using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Native;

/// <summary>Raw access to the storage of contiguous CPU tensors, for kernels and bulk copies.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>Address of the first element. The tensor must stay alive while the address is used.</summary>
    public static void* Pointer(Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException("expected a contiguous CPU tensor", nameof(tensor));
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    }

    /// <summary>Copies a tensor of any type and device into a float32 array, row-major.</summary>
    public static float[] ToFloats(this Tensor tensor)
    {
        using Tensor onCpu = tensor.detach().to(ScalarType.Float32, CPU).contiguous();
        var values = new float[checked((int)onCpu.numel())];
        if (values.Length > 0)
            new ReadOnlySpan<float>(Pointer(onCpu), values.Length).CopyTo(values);
        return values;
    }
}
