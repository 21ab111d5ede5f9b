using RefusalExplorer.Engine.Checkpoints;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Native;

/// <summary>Takes results off the device.</summary>
internal static unsafe class TensorReading
{
    /// <summary>Copies a tensor of any type and device into a float32 array, row-major.</summary>
    public static float[] ToFloats(this Tensor tensor)
    {
        using Tensor onCpu = tensor.detach().to(ScalarType.Float32, CPU).contiguous();
        var values = new float[checked((int)onCpu.numel())];
        if (values.Length > 0)
            new ReadOnlySpan<float>(TensorMemory.Pointer(onCpu), values.Length).CopyTo(values);
        return values;
    }
}
