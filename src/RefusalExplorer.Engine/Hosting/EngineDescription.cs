using System.Runtime.Intrinsics.X86;
using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Hosting;

/// <summary>What the engine computes on.</summary>
public sealed record EngineDescription
{
    /// <summary>Version of LibTorch (<c>2.10.0</c>).</summary>
    public required string LibTorch { get; init; }

    /// <summary>Folder of the installed PyTorch that it comes from, or null for the packaged one.</summary>
    public string? Installation { get; init; }

    /// <summary>CUDA devices that LibTorch sees; 0 without a GPU, or with a LibTorch for CPUs alone.</summary>
    public required int CudaDevices { get; init; }

    /// <summary>Threads of one tensor operation on the CPU.</summary>
    public required int Threads { get; init; }

    /// <summary>Vector instructions that the engine's own CPU kernels use.</summary>
    public required string Vectors { get; init; }

    /// <summary>Reads it, without waiting for the work on the engine thread unless LibTorch is not loaded yet.</summary>
    /// <param name="host">The engine, whose thread loads LibTorch.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="EngineException">LibTorch does not load.</exception>
    public static async Task<EngineDescription> ReadAsync(EngineHost host, EngineOptions options, CancellationToken cancellation = default)
    {
        if (!TorchNative.IsLoaded)
            await host.RunAsync("load LibTorch", (_, _) => true, cancellation: cancellation).ConfigureAwait(false);
        return await Task.Run(() => Read(options), cancellation).ConfigureAwait(false);
    }

    private static EngineDescription Read(EngineOptions options) => new()
    {
        LibTorch = __version__,
        Installation = options.TorchInstallation,
        CudaDevices = cuda.is_available() ? cuda.device_count() : 0,
        // The number belongs to the thread that asks; it is the default one where none is set.
        Threads = options.Threads ?? get_num_threads(),
        Vectors = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "128-bit",
    };
}
