using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Raw memory of CPU tensors.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>First byte of a contiguous CPU tensor with at least one element; native memory, so it does not move.</summary>
    internal static byte* Pointer(Tensor tensor)
    {
        // TorchSharp gives out spans only, which end at 2 GB: the span of the first element has the address of all of them.
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        fixed (byte* start = &MemoryMarshal.GetReference(first.bytes))
            return start;
    }

    /// <summary>The elements of a contiguous float32 CPU tensor, to write to; valid as long as the tensor lives.</summary>
    internal static Span<float> Floats(Tensor tensor) => new(Pointer(tensor), checked((int)tensor.numel()));

    /// <summary>Converts and moves a tensor, disposing of it where a copy was made.</summary>
    internal static Tensor MoveTo(Tensor tensor, ScalarType dtype, Device device)
    {
        if (tensor.dtype == dtype && device.type == TorchSharp.DeviceType.CPU)
            return tensor;
        using (tensor)
            return tensor.to(dtype, device);
    }
}
