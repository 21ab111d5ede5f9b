using System.Runtime.InteropServices;
using System.Text;

namespace RefusalExplorer.Engine.Kernels.Cuda;

/// <summary>CUDA source compiled for the first device by NVRTC, loaded into the context that LibTorch uses. Lives as long as the process.</summary>
internal sealed unsafe class CudaModule
{
    private const int MajorCapability = 75;
    private const int MinorCapability = 76;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launch;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _getFunction;
    private readonly nint _module;

    /// <param name="source">CUDA C++.</param>
    /// <param name="options">Options for the compiler beside the architecture.</param>
    /// <exception cref="EngineException">A library is missing, or the compiler or driver refused.</exception>
    public CudaModule(string source, params ReadOnlySpan<string> options)
    {
        nint driver = CudaLibrary.Load("cuda", "libcuda.so.1", "nvcuda.dll");
        _launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)NativeLibrary.GetExport(driver, "cuLaunchKernel");
        _getFunction = (delegate* unmanaged<nint*, nint, byte*, int>)NativeLibrary.GetExport(driver, "cuModuleGetFunction");
        Architecture = $"sm_{Capability(driver, MajorCapability)}{Capability(driver, MinorCapability)}";
        byte[] binary = Compile(source, [$"--gpu-architecture={Architecture}", "--std=c++17", .. options]);
        var load = (delegate* unmanaged<nint*, byte*, int>)NativeLibrary.GetExport(driver, "cuModuleLoadData");
        nint module;
        fixed (byte* b = binary)
            Check(load(&module, b), "cuModuleLoadData");
        _module = module;
    }

    /// <summary>What it was compiled for (<c>sm_90</c>).</summary>
    public string Architecture { get; }

    /// <summary>A kernel by name.</summary>
    public nint Function(string name)
    {
        nint function;
        fixed (byte* n = Text(name))
            Check(_getFunction(&function, _module, n), name);
        return function;
    }

    /// <summary>Starts a kernel on LibTorch's stream; it runs after all that was started before, and nobody waits.</summary>
    public void Launch(nint function, (int X, int Y, int Z) grid, int threads, int sharedBytes, void** arguments) => Check(
        _launch(function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)threads, 1, 1, (uint)sharedBytes, 0, arguments, null), "cuLaunchKernel");

    private static int Capability(nint driver, int attribute)
    {
        var get = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetAttribute");
        int value;
        Check(get(&value, attribute, 0), "cuDeviceGetAttribute");
        return value;
    }

    private static byte[] Compile(string source, string[] options)
    {
        nint nvrtc = CudaLibrary.Load("nvrtc", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll");
        var create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)NativeLibrary.GetExport(nvrtc, "nvrtcCreateProgram");
        var compile = (delegate* unmanaged<nint, int, byte**, int>)NativeLibrary.GetExport(nvrtc, "nvrtcCompileProgram");
        var destroy = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(nvrtc, "nvrtcDestroyProgram");
        nint program;
        fixed (byte* text = Text(source), name = Text("kernels.cu"))
            Check(create(&program, text, name, 0, null, null), "nvrtcCreateProgram");
        byte** pointers = stackalloc byte*[options.Length];
        GCHandle[] pins = [.. options.Select(o => GCHandle.Alloc(Text(o), GCHandleType.Pinned))];
        try
        {
            for (int i = 0; i < pins.Length; i++)
                pointers[i] = (byte*)pins[i].AddrOfPinnedObject();
            if (compile(program, options.Length, pointers) != 0)
            {
                string log = Encoding.UTF8.GetString(Read(nvrtc, program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog"));
                throw new EngineException($"the CUDA kernels did not compile: {log.TrimEnd('\0')}");
            }
            return Read(nvrtc, program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN");
        }
        finally
        {
            Array.ForEach(pins, p => p.Free());
            destroy(&program);
        }
    }

    private static byte[] Read(nint nvrtc, nint program, string sizeName, string readName)
    {
        nuint size;
        Check(((delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(nvrtc, sizeName))(program, &size), sizeName);
        var bytes = new byte[(int)size];
        fixed (byte* b = bytes)
            Check(((delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(nvrtc, readName))(program, b), readName);
        return bytes;
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static void Check(int code, string call)
    {
        if (code != 0)
            throw new EngineException($"{call} failed with CUDA error {code}");
    }
}
