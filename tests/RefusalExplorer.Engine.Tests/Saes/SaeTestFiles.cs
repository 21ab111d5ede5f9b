using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>A folder of SAE files for one test, deleted with it.</summary>
internal sealed class SaeTestFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("sae-test-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public string Text(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes float32 tensors as safetensors.</summary>
    public string Tensors(string name, params TensorData[] tensors)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafetensorsFile.Write(path, tensors);
        return path;
    }
}
