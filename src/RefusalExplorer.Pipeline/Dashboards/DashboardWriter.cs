using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>Writes a layer's dashboards as one file; it has its name only once it is whole.</summary>
/// <remarks>
/// Little-endian: <see cref="DashboardFormat.Magic"/>, version, place and length of the footer; a record a feature, one after another; the
/// corpus (text starts, token ids, flags); columns for tables (count, maximum, mean) and the records' places; the tokens' texts; the footer, JSON.
/// </remarks>
internal sealed class DashboardWriter : IDisposable
{
    private readonly string _path;
    private readonly string _draft;
    private readonly DashboardHeader _header;
    private readonly TokenizedCorpus _corpus;
    private readonly FileStream _stream;
    private readonly BinaryWriter _writer;
    private readonly int[] _counts;
    private readonly float[] _max, _mean;
    private readonly long[] _places;
    private readonly SortedSet<int> _tokenIds;
    private int _next;

    public DashboardWriter(string path, DashboardHeader header, TokenizedCorpus corpus)
    {
        (_path, _draft, _header, _corpus) = (path, path + ".tmp", header, corpus);
        _counts = new int[header.Features];
        (_max, _mean) = (new float[header.Features], new float[header.Features]);
        _places = new long[header.Features + 1];
        _tokenIds = [.. corpus.Tokens];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _stream = new FileStream(_draft, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        _writer = new BinaryWriter(_stream, Encoding.UTF8);
        _writer.Write(new byte[DashboardFormat.HeadBytes]);
    }

    /// <summary>Adds the next feature.</summary>
    public void Write(FeatureSummary summary, LogitEnds logits, IReadOnlyList<FeatureWeight> nearest)
    {
        (_counts[_next], _max[_next], _mean[_next]) = (summary.Count, summary.Max, summary.Mean);
        _places[_next++] = _stream.Position;
        _writer.Write((ushort)summary.Histogram.Length);
        foreach (int bar in summary.Histogram)
            _writer.Write(bar);
        _writer.Write((ushort)summary.Examples.Count);
        foreach (ExampleSummary example in summary.Examples)
        {
            _writer.Write(example.Text);
            _writer.Write(example.Peak);
            _writer.Write((ushort)example.Entries.Count);
            foreach ((int position, float value) in example.Entries)
            {
                _writer.Write((short)(position - example.Peak));
                _writer.Write(value);
            }
        }
        Write(logits.Raised);
        Write(logits.Lowered);
        Write(nearest);
        _writer.Write((ushort)summary.CoFiring.Count);
        foreach ((int feature, int together) in summary.CoFiring)
        {
            _writer.Write(feature);
            _writer.Write(together);
        }
        _tokenIds.UnionWith(logits.Raised.Concat(logits.Lowered).Select(w => w.Id));
    }

    /// <summary>Tokens that the file names, ascending: <see cref="Finish"/> wants their texts.</summary>
    public IReadOnlyCollection<int> TokenIds => _tokenIds;

    /// <summary>Ends the file and gives it its name.</summary>
    public void Finish(IReadOnlyList<TokenView> tokens)
    {
        if (_next != _header.Features)
            throw new PipelineException($"{_path}: {_next} features written, expected {_header.Features}");
        _places[_next] = _stream.Position;
        DashboardSections sections = new()
        {
            TextStarts = Section(_corpus.Starts),
            Tokens = Section<int>(_corpus.Tokens),
            Flags = Section<bool>(_corpus.MayBeHarmful),
            Counts = Section<int>(_counts),
            Max = Section<float>(_max),
            Mean = Section<float>(_mean),
            Places = Section<long>(_places),
        };
        byte[] vocabulary = JsonSerializer.SerializeToUtf8Bytes(tokens);
        long vocabularyPlace = _stream.Position;
        _writer.Write(vocabulary);
        byte[] footer = JsonSerializer.SerializeToUtf8Bytes(new DashboardFooter(_header, sections with { Vocabulary = new(vocabularyPlace, vocabulary.Length) }));
        long footerPlace = _stream.Position;
        _writer.Write(footer);
        _stream.Position = 0;
        _writer.Write(DashboardFormat.Magic);
        _writer.Write(DashboardFormat.Version);
        _writer.Write(footerPlace);
        _writer.Write((long)footer.Length);
        _writer.Flush();
        _stream.Flush(flushToDisk: true);
        _writer.Dispose();
        File.Move(_draft, _path, overwrite: true);
    }

    public void Dispose()
    {
        _writer.Dispose();
        if (File.Exists(_draft))
            File.Delete(_draft);
    }

    private void Write(IReadOnlyList<FeatureWeight> weights)
    {
        _writer.Write((ushort)weights.Count);
        foreach (FeatureWeight weight in weights)
        {
            _writer.Write(weight.Id);
            _writer.Write(weight.Value);
        }
    }

    // Columns are read in place as arrays of their type, so each begins at a multiple of 8.
    private DashboardSection Section<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        _writer.Write(new byte[(8 - (_stream.Position % 8)) % 8]);
        long place = _stream.Position;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        _writer.Write(bytes);
        return new DashboardSection(place, bytes.Length);
    }
}
