using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>
/// The activations read so far, on disk: for each layer a file of entries a token and a file of entries. What a commit names stays; what was
/// written after it is cut off when the log is opened again, so that a run goes on where it was stopped.
/// </summary>
internal sealed class ActivationLog : IDisposable
{
    private static readonly int EntryBytes = Marshal.SizeOf<FeatureWeight>();
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(5);
    private readonly Stopwatch _sinceSave = Stopwatch.StartNew();
    private readonly string _folder;
    private Commit? _saved;
    private readonly Dictionary<int, (FileStream Counts, FileStream Entries)> _files = [];

    private ActivationLog(string folder, Commit state)
    {
        _folder = folder;
        State = state;
    }

    /// <summary>What is committed.</summary>
    public Commit State { get; private set; }

    /// <summary>Opens the folder's log where it is of the same inputs, else begins a new one.</summary>
    /// <param name="folder">The folder; made if it is not there.</param>
    /// <param name="keys">Layers logged, and the names of the inputs of each.</param>
    public static ActivationLog Open(string folder, IReadOnlyDictionary<int, string> keys)
    {
        bool resumes = Read(folder) is { } found && keys.All(k => found.Layers.TryGetValue(k.Key, out LayerCommit? layer) && layer.Key == k.Value);
        Commit state = resumes ? Read(folder)! : new Commit(0, 0, keys.ToImmutableSortedDictionary(k => k.Key, k => new LayerCommit(k.Value, 0)));
        if (!resumes && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var log = new ActivationLog(folder, state);
        try
        {
            foreach (int layer in keys.Keys)
            {
                log._files[layer] = (
                    log.Cut(layer, "counts", (long)state.Tokens * sizeof(int)), log.Cut(layer, "entries", state.Layers[layer].Entries * EntryBytes));
            }
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Adds a layer's activations on the next tokens.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="activations">Its activations.</param>
    /// <param name="counts">Whether a token counts, by its index in <paramref name="activations"/>; others are logged as silent.</param>
    public void Append(int layer, SparseActivations activations, Func<int, bool> counts)
    {
        (FileStream countFile, FileStream entryFile) = _files[layer];
        var perToken = new int[activations.Tokens];
        var entries = new List<FeatureWeight>(activations.Values.Length);
        for (int n = 0; n < activations.Tokens; n++)
        {
            if (!counts(n))
                continue;
            perToken[n] = activations.Starts[n + 1] - activations.Starts[n];
            for (int i = activations.Starts[n]; i < activations.Starts[n + 1]; i++)
                entries.Add(new FeatureWeight(activations.Features[i], activations.Values[i]));
        }
        countFile.Write(MemoryMarshal.AsBytes(perToken.AsSpan()));
        entryFile.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(entries)));
    }

    /// <summary>Makes what was appended part of the log. It is on disk some seconds later, and when the log is closed.</summary>
    /// <param name="texts">Texts read so far.</param>
    /// <param name="tokens">Their tokens.</param>
    public void CommitTo(int texts, int tokens)
    {
        State = new Commit(texts, tokens, _files.ToImmutableSortedDictionary(
            f => f.Key, f => State.Layers[f.Key] with { Entries = f.Value.Entries.Position / EntryBytes }));
        if (_sinceSave.Elapsed > BetweenSaves)
            Save();
    }

    /// <summary>A layer's committed activations, by token.</summary>
    public SparseActivations Load(int layer)
    {
        _files[layer].Counts.Flush();
        _files[layer].Entries.Flush();
        var starts = new int[State.Tokens + 1];
        ReadExactly(layer, "counts", MemoryMarshal.AsBytes(starts.AsSpan(1)));
        for (int n = 0; n < State.Tokens; n++)
            starts[n + 1] = checked(starts[n] + starts[n + 1]);
        var features = new int[starts[^1]];
        var values = new float[starts[^1]];
        var block = new FeatureWeight[1 << 16];
        using FileStream entries = OpenRead(layer, "entries");
        for (int at = 0; at < features.Length; at += block.Length)
        {
            Span<FeatureWeight> part = block.AsSpan(0, Math.Min(block.Length, features.Length - at));
            entries.ReadExactly(MemoryMarshal.AsBytes(part));
            for (int i = 0; i < part.Length; i++)
                (features[at + i], values[at + i]) = part[i];
        }
        return new SparseActivations(starts, features, values);
    }

    /// <summary>Closes the files; what was committed is on disk then.</summary>
    public void Dispose()
    {
        if (_saved != State && _files.Count == State.Layers.Count)
            Save();
        foreach ((FileStream counts, FileStream entries) in _files.Values)
        {
            counts.Dispose();
            entries.Dispose();
        }
    }

    private void Save()
    {
        foreach ((FileStream counts, FileStream entries) in _files.Values)
        {
            counts.Flush(flushToDisk: true);
            entries.Flush(flushToDisk: true);
        }
        string path = StatePath(_folder), draft = path + ".tmp";
        File.WriteAllText(draft, JsonSerializer.Serialize(State));
        File.Move(draft, path, overwrite: true);
        _saved = State;
        _sinceSave.Restart();
    }

    private static Commit? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<Commit>(File.ReadAllText(StatePath(folder)));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    private FileStream Cut(int layer, string kind, long length)
    {
        var stream = new FileStream(PathOf(layer, kind), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1 << 16);
        stream.SetLength(length);
        stream.Position = length;
        return stream;
    }

    private void ReadExactly(int layer, string kind, Span<byte> into)
    {
        using FileStream stream = OpenRead(layer, kind);
        stream.ReadExactly(into);
    }

    private FileStream OpenRead(int layer, string kind) =>
        new(PathOf(layer, kind), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16);

    private string PathOf(int layer, string kind) => Path.Combine(_folder, $"L{layer}.{kind}");

    private static string StatePath(string folder) => Path.Combine(folder, "state.json");

    /// <param name="Texts">Texts read.</param>
    /// <param name="Tokens">Their tokens.</param>
    /// <param name="Layers">What is logged of each layer.</param>
    internal sealed record Commit(int Texts, int Tokens, ImmutableSortedDictionary<int, LayerCommit> Layers);

    /// <param name="Key">Names the inputs.</param>
    /// <param name="Entries">Entries logged.</param>
    internal sealed record LayerCommit(string Key, long Entries);
}
