using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>Addresses of tensors on a GPU, for kernels.</summary>
internal static unsafe partial class DeviceMemory
{
    /// <summary>First element of a contiguous tensor; valid as long as the tensor lives.</summary>
    public static void* Pointer(Tensor tensor) => (void*)THSTensor_data(tensor.Handle);

    /// <summary>The same, or null for none.</summary>
    public static void* PointerOrNull(Tensor? tensor) => tensor is null ? null : Pointer(tensor);

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
