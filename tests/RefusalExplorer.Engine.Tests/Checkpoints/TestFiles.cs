using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>A folder that goes away with the test, and files as a test wants them.</summary>
internal sealed class TestFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("refusalexplorer-tests-").FullName;

    internal static string DemoModel { get; } = Path.Combine(AppContext.BaseDirectory, "demo-model", "refusal-demo-135m.Q4_1.gguf");

    internal string Folder => _folder;

    internal static string Golden(string path) => Path.Combine(AppContext.BaseDirectory, "Goldens", path);

    internal string PathOf(string name) => Path.Combine(_folder, name);

    internal string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }

    internal string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>A copy of a golden folder, to be damaged.</summary>
    internal string CopyOfGolden(string path)
    {
        foreach (string file in Directory.EnumerateFiles(Golden(path)))
            File.Copy(file, PathOf(Path.GetFileName(file)));
        return _folder;
    }

    internal static byte[] Safetensors(string header, params byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
