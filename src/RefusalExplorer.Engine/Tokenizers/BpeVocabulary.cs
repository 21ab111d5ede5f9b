namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Two neighbours that become one: the lower rank goes first.</summary>
internal readonly record struct Merge(int Rank, int Id);

/// <summary>Pieces and merges of a byte-pair encoding, with ids in place of text.</summary>
internal sealed class BpeVocabulary
{
    /// <summary>No published vocabulary comes near; a broken file must not ask for gigabytes.</summary>
    internal const int MaxId = 1 << 22;
    private readonly string _path;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _spans;
    private readonly Dictionary<ulong, Merge> _merges;
    private char[] _joined = new char[256];

    /// <param name="path">Names the file in errors.</param>
    /// <param name="ids">Piece to id.</param>
    /// <param name="merges">How many merges will be added.</param>
    internal BpeVocabulary(string path, Dictionary<string, int> ids, int merges)
    {
        _path = path;
        _ids = ids;
        _spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = new Dictionary<ulong, Merge>(merges);
    }

    internal IReadOnlyDictionary<string, int> Ids => _ids;

    internal bool TryGetId(ReadOnlySpan<char> piece, out int id) => _spans.TryGetValue(piece, out id);

    internal bool TryGetMerge(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    /// <summary>Adds the merge of two pieces at the next rank.</summary>
    /// <param name="left">Left piece.</param>
    /// <param name="right">Right piece.</param>
    /// <param name="prefixLength">Characters of the right piece that the joined piece leaves out (<c>continuing_subword_prefix</c>).</param>
    /// <exception cref="CheckpointFormatException">A piece, or the two joined, is not in the vocabulary.</exception>
    internal void AddMerge(ReadOnlySpan<char> left, ReadOnlySpan<char> right, int rank, int prefixLength = 0)
    {
        ReadOnlySpan<char> tail = right[Math.Min(prefixLength, right.Length)..];
        if (_joined.Length < left.Length + tail.Length)
            _joined = new char[(left.Length + tail.Length) * 2];
        left.CopyTo(_joined);
        tail.CopyTo(_joined.AsSpan(left.Length));
        AddMerge(Require(left, rank), Require(right, rank), new Merge(rank, Require(_joined.AsSpan(0, left.Length + tail.Length), rank)));
    }

    internal void AddMerge(int left, int right, Merge merge) => _merges[Key(left, right)] = merge;

    private int Require(ReadOnlySpan<char> piece, int rank) => _spans.TryGetValue(piece, out int id)
        ? id
        : throw new CheckpointFormatException(_path, $"merge {rank} needs the piece '{piece}', which is not in the vocabulary; download or copy it again");

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
