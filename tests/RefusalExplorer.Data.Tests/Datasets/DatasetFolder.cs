using System.IO.Compression;
using System.Text;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline.Datasets;
using ZstdSharp;

namespace RefusalExplorer.Data.Tests.Datasets;

/// <summary>Writes prompt files and reads them back.</summary>
public sealed class DatasetFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Path(string name) => _folder.File(name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = _folder.File(name);
        using FileStream file = File.Create(path);
        using Stream stream = name switch
        {
            _ when name.EndsWith(".gz", StringComparison.Ordinal) => new GZipStream(file, CompressionLevel.Fastest),
            _ when name.EndsWith(".zst", StringComparison.Ordinal) => new CompressionStream(file, leaveOpen: true),
            _ => file,
        };
        stream.Write(bytes);
        return path;
    }

    public PromptDataset Read(string name, string text, Func<PromptSetSpec, PromptSetSpec>? with = null, DatasetLimits? limits = null)
    {
        var spec = new PromptSetSpec { Path = Write(name, text) };
        return new DatasetReader(limits).Read(with is null ? spec : with(spec), TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();
}
