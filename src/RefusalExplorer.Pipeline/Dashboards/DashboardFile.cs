using System.Collections.Frozen;
using System.Collections.Immutable;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A layer's dashboards, memory-mapped: columns for tables are read once, a feature's record when it is asked for. Thread-safe.</summary>
public sealed class DashboardFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly string _path;
    private readonly TokenizedCorpus _corpus;
    private readonly int[] _counts;
    private readonly float[] _max, _mean;
    private readonly long[] _places;
    private readonly FrozenDictionary<int, TokenView> _vocabulary;

    private DashboardFile(string path, MemoryMappedFile map, DashboardFooter footer)
    {
        (_path, _map, Header) = (path, map, footer.Header);
        DashboardSections s = footer.Sections;
        _corpus = new TokenizedCorpus(Column<int>(s.TextStarts), Column<int>(s.Tokens), Column<bool>(s.Flags), Header.Settings.SkipFirstToken);
        (_counts, _max, _mean, _places) = (Column<int>(s.Counts), Column<float>(s.Max), Column<float>(s.Mean), Column<long>(s.Places));
        _vocabulary = JsonSerializer.Deserialize<TokenView[]>(Column<byte>(s.Vocabulary))!.ToFrozenDictionary(t => t.Id);
        if (_counts.Length != Header.Features || _places.Length != Header.Features + 1)
            throw new JsonException($"{_counts.Length} features in the columns, {Header.Features} in the header");
    }

    /// <summary>Where they come from.</summary>
    public DashboardHeader Header { get; }

    /// <summary>Tokens on which each feature is not zero, [F].</summary>
    public IReadOnlyList<int> Counts => _counts;

    /// <summary>Largest activation of each feature, [F].</summary>
    public IReadOnlyList<float> Max => _max;

    /// <summary>Opens a file.</summary>
    /// <exception cref="PipelineException">It is missing, cut off, or of another version; the message says to make it anew.</exception>
    public static DashboardFile Open(string path)
    {
        MemoryMappedFile? map = null;
        try
        {
            // Delete is shared: a new run renames its file over this one while it is open.
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            using MemoryMappedViewStream head = map.CreateViewStream(0, DashboardFormat.HeadBytes, MemoryMappedFileAccess.Read);
            using var reader = new BinaryReader(head);
            int magic = reader.ReadInt32(), version = reader.ReadInt32();
            if (magic != DashboardFormat.Magic || version != DashboardFormat.Version)
                throw new PipelineException($"{path}: dashboards of another version ({version}), expected {DashboardFormat.Version}; make them anew");
            long place = reader.ReadInt64(), bytes = reader.ReadInt64();
            return new DashboardFile(path, map, JsonSerializer.Deserialize<DashboardFooter>(Column<byte>(map, new DashboardSection(place, bytes)))!);
        }
        catch (Exception e) when (e is not PipelineException and not OutOfMemoryException)
        {
            map?.Dispose();
            throw new PipelineException($"{path}: not a whole file of dashboards ({e.Message}); make them anew", e);
        }
    }

    /// <summary>Share of the corpus's tokens on which a feature is not zero.</summary>
    public double Density(int feature) => (double)_counts[feature] / Header.Tokens;

    /// <summary>A feature's dashboard.</summary>
    /// <exception cref="PipelineException">The layer has no such feature.</exception>
    public FeatureDashboard Read(int feature)
    {
        if (feature < 0 || feature >= Header.Features)
            throw new PipelineException($"{Id(feature)}: layer {Header.Layer} has features 0 to {Header.Features - 1}");
        using MemoryMappedViewStream view = _map.CreateViewStream(_places[feature], _places[feature + 1] - _places[feature], MemoryMappedFileAccess.Read);
        using var reader = new BinaryReader(view);
        ImmutableArray<int> histogram = Many(reader, () => reader.ReadInt32());
        ImmutableArray<ActivatingExample> examples = Many(reader, () => Example(reader));
        ImmutableArray<TokenEffect> raised = Many(reader, () => new TokenEffect(_vocabulary[reader.ReadInt32()], reader.ReadSingle()));
        ImmutableArray<TokenEffect> lowered = Many(reader, () => new TokenEffect(_vocabulary[reader.ReadInt32()], reader.ReadSingle()));
        ImmutableArray<NearFeature> nearest = Many(reader, () => new NearFeature(Id(reader.ReadInt32()), reader.ReadSingle()));
        ImmutableArray<CoFiringFeature> coFiring = Many(reader, () => CoFiring(feature, reader.ReadInt32(), reader.ReadInt32()));
        return new FeatureDashboard
        {
            Feature = Id(feature),
            Count = _counts[feature],
            Density = Density(feature),
            Max = _max[feature],
            Mean = _mean[feature],
            Histogram = histogram,
            Examples = examples,
            Raised = raised,
            Lowered = lowered,
            Nearest = nearest,
            CoFiring = coFiring,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _map.Dispose();

    private FeatureId Id(int feature) => new(Header.Layer, feature);

    private static ImmutableArray<T> Many<T>(BinaryReader reader, Func<T> read)
    {
        var items = new T[reader.ReadUInt16()];
        for (int i = 0; i < items.Length; i++)
            items[i] = read();
        return ImmutableCollectionsMarshal.AsImmutableArray(items);
    }

    private ActivatingExample Example(BinaryReader reader)
    {
        int text = reader.ReadInt32(), peak = reader.ReadInt32();
        int begin = _corpus.Starts[text], length = _corpus.Starts[text + 1] - begin;
        int start = Math.Max(0, peak - Header.Settings.TokensBefore), end = Math.Min(length, peak + Header.Settings.TokensAfter + 1);
        var activations = new float[end - start];
        for (int n = reader.ReadUInt16(); n > 0; n--)
        {
            int position = peak + reader.ReadInt16();
            activations[position - start] = reader.ReadSingle();
        }
        return new ActivatingExample(
            text, start, peak - start, [.. _corpus.Tokens[(begin + start)..(begin + end)].Select(id => _vocabulary[id])],
            [.. activations], start > 0, end < length, _corpus.MayBeHarmful[text]);
    }

    private CoFiringFeature CoFiring(int feature, int other, int together)
    {
        int sample = FeatureSummarizer.CoFiringSample(_counts[feature], Header.Settings);
        double share = (double)together / sample;
        return new CoFiringFeature(Id(other), share, share / Density(other), FeatureSummarizer.Jaccard(_counts[feature], _counts[other], together, sample));
    }

    private T[] Column<T>(DashboardSection section)
        where T : unmanaged => Column<T>(_map, section);

    private static T[] Column<T>(MemoryMappedFile map, DashboardSection section)
        where T : unmanaged
    {
        var values = new T[section.Bytes / System.Runtime.CompilerServices.Unsafe.SizeOf<T>()];
        using MemoryMappedViewStream view = map.CreateViewStream(section.Place, section.Bytes, MemoryMappedFileAccess.Read);
        view.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
