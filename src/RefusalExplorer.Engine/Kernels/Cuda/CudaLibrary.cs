using System.Runtime.InteropServices;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>Finds the CUDA libraries that LibTorch has brought, under whatever name and in whatever folder they are.</summary>
internal static class CudaLibrary
{
    /// <summary>Loads the first library that is there.</summary>
    /// <param name="stem">Its name without version (<c>cublas</c>).</param>
    /// <param name="names">File names that the loader may know.</param>
    /// <exception cref="EngineException">None is there.</exception>
    public static nint Load(string stem, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint found))
                return found;
        }
        foreach (string folder in Folders().Distinct().Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(folder, OperatingSystem.IsWindows() ? $"{stem}64*.dll" : $"lib{stem}*.so*").Order())
            {
                if (!path.Contains("builtins", StringComparison.Ordinal) && NativeLibrary.TryLoad(path, out nint found))
                    return found;
            }
        }
        throw new EngineException($"{stem} was not found beside LibTorch nor on the loader's path");
    }

    // The program's own folder, and those that LibTorch's CUDA libraries were loaded from.
    private static IEnumerable<string> Folders()
    {
        yield return AppContext.BaseDirectory;
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        if (!File.Exists("/proc/self/maps"))
            yield break;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/', StringComparison.Ordinal);
            if (path < 0 || !line.Contains("/lib", StringComparison.Ordinal) || !line.Contains("cu", StringComparison.Ordinal))
                continue;
            string folder = Path.GetDirectoryName(line[path..])!;
            yield return folder;
            // One package a library, side by side: nvidia/cublas/lib, nvidia/cuda_nvrtc/lib.
            yield return Path.GetFullPath(Path.Combine(folder, "..", "..", "cuda_nvrtc", "lib"));
        }
    }
}
