using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>The dashboards that were made, a folder a model and a file a layer. Thread-safe; files stay open.</summary>
/// <param name="folder">Where they lie.</param>
public sealed class DashboardLibrary(string folder) : IDisposable
{
    private readonly ConcurrentDictionary<string, (DateTime Written, DashboardFile File)> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<DashboardFile> _replaced = [];
    private readonly Lock _gate = new();

    /// <summary>Where they lie.</summary>
    public string Folder => folder;

    /// <summary>Layers of a model that have dashboards, ascending.</summary>
    public ImmutableArray<int> Layers(string model)
    {
        string of = FolderOf(model);
        return Directory.Exists(of)
            ? [.. Directory.EnumerateFiles(of, "L*" + DashboardFormat.Extension)
                .Select(f => int.TryParse(Path.GetFileNameWithoutExtension(f).AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int l) ? l : -1)
                .Where(l => l >= 0).Order()]
            : [];
    }

    /// <summary>A layer's dashboards, or null where none were made.</summary>
    /// <exception cref="PipelineException">The file is broken or of another version.</exception>
    public DashboardFile? TryOpen(string model, int layer)
    {
        string path = PathOf(model, layer);
        lock (_gate)
        {
            if (!File.Exists(path))
                return null;
            DateTime written = File.GetLastWriteTimeUtc(path);
            if (_open.TryGetValue(path, out var known))
            {
                if (known.Written == written)
                    return known.File;
                // Readers may still hold the old file; it is closed with the library.
                _replaced.Add(known.File);
            }
            DashboardFile opened = DashboardFile.Open(path);
            _open[path] = (written, opened);
            return opened;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DashboardFile file in _open.Values.Select(o => o.File).Concat(_replaced))
            file.Dispose();
        _open.Clear();
    }

    /// <summary>Keeps others from making a model's dashboards at the same time, until disposed.</summary>
    /// <exception cref="PipelineException">Someone does.</exception>
    internal FileStream Hold(string model)
    {
        Directory.CreateDirectory(FolderOf(model));
        try
        {
            return new FileStream(Path.Combine(FolderOf(model), "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e)
        {
            throw new PipelineException($"dashboards of {model}: another pass is making them in {FolderOf(model)}; wait for it, or stop it", e);
        }
    }

    internal string PathOf(string model, int layer) =>
        Path.Combine(FolderOf(model), string.Create(CultureInfo.InvariantCulture, $"L{layer}{DashboardFormat.Extension}"));

    internal string WorkFolder(string model) => Path.Combine(FolderOf(model), "unfinished");

    // A model's name may be anything; a folder's may not.
    private string FolderOf(string model) => Path.Combine(folder, Uri.EscapeDataString(model).TrimEnd('.') is { Length: > 0 } name ? name : "_");
}
