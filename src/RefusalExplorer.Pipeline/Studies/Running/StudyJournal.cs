using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>
/// The finished pieces of a study, one JSON line each, in <c>journal.jsonl</c> of its folder. A piece is on disk before the next begins;
/// a line that a kill cut off is dropped when the journal is opened again, and its piece is done anew.
/// </summary>
public sealed class StudyJournal : IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "journal.jsonl";

    private const string HeaderPiece = "study";
    private readonly FileStream _file;
    private readonly Dictionary<string, (long Offset, int Length)> _lines = new(StringComparer.Ordinal);
    private readonly string _path;

    private StudyJournal(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>Pieces on disk.</summary>
    public int Count => _lines.Count - 1;

    /// <summary>Seconds that the pieces on disk took.</summary>
    public double Seconds { get; private set; }

    /// <summary>Opens the journal of a folder, or begins it.</summary>
    /// <param name="folder">The study's folder; made if it is not there.</param>
    /// <param name="fingerprint">The definition's; a journal of another one is refused.</param>
    /// <exception cref="PipelineException">Another study's journal, one that another process writes, or a broken one.</exception>
    public static StudyJournal Open(string folder, string fingerprint)
    {
        string path = Path.Combine(folder, FileName);
        FileStream file;
        try
        {
            Directory.CreateDirectory(folder);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{path}: cannot be written: {e.Message}; another process may run this study", e);
        }
        var journal = new StudyJournal(path, file);
        try
        {
            journal.Load();
            if (!journal.TryGet(HeaderPiece, out Header? header))
                journal.Append(HeaderPiece, 0, new Header(fingerprint));
            else if (header.Fingerprint != fingerprint)
                throw new PipelineException($"{path}: it belongs to a study with other settings ({header.Fingerprint}, not {fingerprint}); choose another folder, or undo the change");
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Whether the piece is done.</summary>
    public bool Contains(string piece) => _lines.ContainsKey(piece);

    /// <summary>The piece's result, if it is done.</summary>
    /// <exception cref="PipelineException">The line is no longer what was written.</exception>
    public bool TryGet<T>(string piece, [NotNullWhen(true)] out T? data)
        where T : notnull
    {
        data = default;
        if (!_lines.TryGetValue(piece, out (long Offset, int Length) line))
            return false;
        byte[] bytes = new byte[line.Length];
        _file.Position = line.Offset;
        _file.ReadExactly(bytes);
        try
        {
            data = JsonSerializer.Deserialize<Line<T>>(bytes, StudyJson.Options)!.Data;
        }
        catch (JsonException e)
        {
            throw new PipelineException($"{_path}: piece {piece}: {e.Message}; the file was changed, or written by another version: begin the study in a new folder", e);
        }
        return data is not null;
    }

    /// <summary>Writes a finished piece to disk and returns it as the next process will read it.</summary>
    public T Append<T>(string piece, double seconds, T data)
        where T : notnull
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(new Line<T>(piece, seconds, data), StudyJson.Options);
        long offset = _file.Length;
        _file.Position = offset;
        _file.Write(bytes);
        _file.WriteByte((byte)'\n');
        _file.Flush(flushToDisk: true);
        _lines.Add(piece, (offset, bytes.Length));
        Seconds += seconds;
        return JsonSerializer.Deserialize<Line<T>>(bytes, StudyJson.Options)!.Data;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Load()
    {
        long end = 0;
        byte[] buffer = new byte[1 << 16];
        using var line = new MemoryStream();
        int read;
        _file.Position = 0;
        while ((read = _file.Read(buffer)) > 0)
        {
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, read);
            for (int newline; (newline = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(newline + 1)..])
            {
                line.Write(rest[..newline]);
                if (!Remember(line.GetBuffer().AsSpan(0, (int)line.Length), end))
                    throw new PipelineException($"{_path}: byte {end}: expected a line of JSON with \"piece\" and \"seconds\"; the file is damaged: restore it, or begin the study in a new folder");
                end += line.Length + 1;
                line.SetLength(0);
            }
            line.Write(rest);
        }
        // What a kill cut off has no line end.
        _file.SetLength(end);
    }

    private bool Remember(ReadOnlySpan<byte> line, long offset)
    {
        // Only the first two fields are read: pieces may be large.
        var reader = new Utf8JsonReader(line);
        try
        {
            if (reader.Read() && reader.Read() && reader.ValueTextEquals("piece") && reader.Read() && reader.GetString() is { } piece &&
                reader.Read() && reader.ValueTextEquals("seconds") && reader.Read() && reader.TryGetDouble(out double seconds))
            {
                Seconds += seconds;
                return _lines.TryAdd(piece, (offset, line.Length));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
        return false;
    }

    private sealed record Line<T>(string Piece, double Seconds, T Data);

    private sealed record Header(string Fingerprint);
}
