using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>y = x·Wᵀ in bfloat16 with sums in float32, by cuBLAS into memory that is already there: no tensor is made.</summary>
internal sealed unsafe class CublasProduct : IDisposable
{
    private const int Bfloat16 = 14;        // CUDA_R_16BF
    private const int ComputeFloat32 = 68;  // CUBLAS_COMPUTE_32F
    private const int DefaultAlgorithm = -1;
    private const int WorkspaceBytes = 32 << 20; // what NVIDIA advises for Hopper
    private readonly nint _handle;
    private readonly Tensor _workspace;
    private readonly delegate* unmanaged<nint, int> _destroy;
    private readonly delegate* unmanaged<nint, int, int, int, int, int, float*, void*, int, int, void*, int, int, float*, void*, int, int, int, int, int> _gemm;

    /// <exception cref="EngineException">cuBLAS is missing or refused.</exception>
    public CublasProduct(Device device)
    {
        nint library = CudaLibrary.Load("cublas", "libcublas.so.13", "libcublas.so.12", "cublas64_13.dll", "cublas64_12.dll");
        _gemm = (delegate* unmanaged<nint, int, int, int, int, int, float*, void*, int, int, void*, int, int, float*, void*, int, int, int, int, int>)
            NativeLibrary.GetExport(library, "cublasGemmEx");
        _destroy = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cublasDestroy_v2");
        nint handle;
        Check(((delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "cublasCreate_v2"))(&handle));
        _handle = handle;
        _workspace = empty(WorkspaceBytes, ScalarType.Byte, device).DetachFromDisposeScope();
        Check(((delegate* unmanaged<nint, void*, nuint, int>)NativeLibrary.GetExport(library, "cublasSetWorkspace_v2"))(
            handle, DeviceMemory.Pointer(_workspace), WorkspaceBytes));
    }

    /// <param name="x">[rows, k].</param>
    /// <param name="weight">[n, k], as PyTorch stores it.</param>
    /// <param name="y">[rows, n].</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="n">Output width.</param>
    /// <param name="k">Input width.</param>
    public void Run(void* x, void* weight, void* y, int rows, int n, int k)
    {
        float one = 1, zero = 0;
        // cuBLAS counts columns first: yᵀ [N, rows] = W (transposed as it sees it) · xᵀ.
        Check(_gemm(_handle, 1, 0, n, rows, k, &one, weight, Bfloat16, k, x, Bfloat16, k, &zero, y, Bfloat16, n,
            ComputeFloat32, DefaultAlgorithm));
    }

    public void Dispose()
    {
        _destroy(_handle);
        _workspace.Dispose();
    }

    private static void Check(int code)
    {
        if (code != 0)
            throw new EngineException($"cuBLAS failed with status {code}");
    }
}
