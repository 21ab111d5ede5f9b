using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using TorchSharp;

namespace RefusalExplorer.Engine.Native;

/// <summary>
/// Loads LibTorch before the first tensor is made: the packaged one, or the libraries of an installed PyTorch.
/// </summary>
/// <remarks>
/// TorchSharp finds its library by the runtime's own rules. Where the loader refuses it for a version that the system's libstdc++
/// lacks, the runtime raises <see cref="AssemblyLoadContext.ResolvingUnmanagedDll"/>, and this class answers with a patched copy
/// (<see cref="ElfSymbolPatch"/>). Newer systems never get there and are left alone.
/// </remarks>
public static class TorchNative
{
    private const string BridgeName = "LibTorchSharp";
    private const string BridgeFile = "libLibTorchSharp.so";
    private static readonly Lock Gate = new();
    private static bool _ready;

    /// <summary>Whether the native libraries are loaded.</summary>
    public static bool IsLoaded
    {
        get
        {
            lock (Gate)
                return _ready;
        }
    }

    /// <summary>Loads the native libraries once; later calls return at once.</summary>
    /// <param name="torchInstallation">
    /// Folder of an installed PyTorch (the one that holds <c>lib/libtorch.so</c>), or null for the packaged LibTorch.
    /// </param>
    /// <param name="threads">Threads for tensor operations on the CPU, or null for LibTorch's own choice.</param>
    /// <exception cref="TorchNativeException">LibTorch could not be loaded; the message says from where and what to do.</exception>
    public static void EnsureLoaded(string? torchInstallation = null, int? threads = null)
    {
        lock (Gate)
        {
            if (_ready)
                return;
            if (OperatingSystem.IsLinux())
            {
                if (torchInstallation is not null)
                    LoadInstalledTorch(torchInstallation);
                AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Resolve(name);
            }
            // Where TorchSharp finds no library it writes pages of its search to the standard output, which belongs to the document of the command line.
            TextWriter output = Console.Out;
            Console.SetOut(TextWriter.Null);
            try
            {
                torch.InitializeDeviceType(DeviceType.CPU);
                if (threads is { } n)
                    torch.set_num_threads(n);
            }
            catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException)
            {
                throw new TorchNativeException(
                    $"LibTorch did not load from {AppContext.BaseDirectory}: expected the packaged one, or the setting RefusalExplorer:Engine:TorchInstallation " +
                    $"with the folder of an installed PyTorch, and its lib folders on the loader's path; {(e.InnerException ?? e).Message.Split('\n')[0].TrimEnd()}", e);
            }
            finally
            {
                Console.SetOut(output);
            }
            _ready = true;
        }
    }

    private static IntPtr Resolve(string name)
    {
        if (!name.Contains(BridgeName, StringComparison.Ordinal))
            return IntPtr.Zero;
        foreach (string folder in SearchFolders())
        {
            string original = Path.Combine(folder, BridgeFile);
            if (!File.Exists(original))
                continue;
            // The bridge's own search path does not hold for a copy elsewhere: the libraries that it needs are found by name once loaded.
            foreach (string dependency in (string[])["libgomp-98b21ff3.so.1", "libc10.so", "libtorch_cpu.so", "libtorch.so"])
                NativeLibrary.TryLoad(Path.Combine(folder, dependency), out _);
            if (NativeLibrary.TryLoad(original, out IntPtr plain))
                return plain;
            byte[]? patched = ElfSymbolPatch.TryPatch(File.ReadAllBytes(original));
            if (patched is not null)
                return NativeLibrary.Load(WritePatched(folder, patched));
        }
        return IntPtr.Zero;
    }

    private static IEnumerable<string> SearchFolders()
    {
        yield return AppContext.BaseDirectory;
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string directories)
        {
            foreach (string directory in directories.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
                yield return directory;
        }
    }

    // Beside the original where that folder can be written, else in the user's own cache. Written under another name and renamed, so
    // that processes starting together never see half a file; the package cache itself is never touched.
    private static string WritePatched(string folder, byte[] patched)
    {
        string name = $"libLibTorchSharp.{Convert.ToHexStringLower(SHA256.HashData(patched))[..12]}.so";
        string cache = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "RefusalExplorer", "native");
        foreach (string target in (string[])[folder, cache])
        {
            string path = Path.Combine(target, name);
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(patched))
                return path;
            try
            {
                Directory.CreateDirectory(target);
                string draft = $"{path}.{Environment.ProcessId}";
                File.WriteAllBytes(draft, patched);
                File.Move(draft, path, overwrite: true);
                return path;
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                // A read-only installation: the next folder is tried.
            }
        }
        throw new TorchNativeException($"no folder to write {name} to: expected {folder} or {cache} to be writable", null);
    }

    private static void LoadInstalledTorch(string installation)
    {
        string lib = Directory.Exists(Path.Combine(installation, "lib")) ? Path.Combine(installation, "lib") : installation;
        if (!File.Exists(Path.Combine(lib, "libtorch.so")))
        {
            throw new TorchNativeException(
                $"RefusalExplorer:Engine:TorchInstallation {installation}: no lib/libtorch.so there; expected the folder of an installed PyTorch " +
                "(python -c \"import torch; print(torch.__path__[0])\")", null);
        }
        foreach (string name in (string[])["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"])
            NativeLibrary.TryLoad(Path.Combine(lib, name), out _);
    }
}

/// <summary>LibTorch could not be loaded; the message is one line that says what to do.</summary>
public sealed class TorchNativeException(string message, Exception? inner) : EngineException(message, inner);
