using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>Where a pickled tensor's elements are.</summary>
/// <param name="StorageType">PyTorch's storage class: <c>FloatStorage</c>, <c>DoubleStorage</c>, <c>HalfStorage</c> or <c>BFloat16Storage</c>.</param>
/// <param name="StorageKey">Entry <c>data/{key}</c> of the archive.</param>
/// <param name="StorageLength">Elements in the storage.</param>
/// <param name="Offset">Element of the storage that the tensor begins at; not 0 for a view such as <c>mean_diffs[pos, layer]</c>.</param>
/// <param name="Shape">The tensor's shape.</param>
/// <param name="Stride">Elements between neighbours, by dimension.</param>
internal sealed record TorchTensorLayout(string StorageType, string StorageKey, long StorageLength, long Offset, long[] Shape, long[] Stride);

/// <summary>
/// Reads the one pickle program that <c>torch.save</c> writes for a plain float tensor (protocol 2), and nothing else: a stack machine over
/// inert values. No name in the file is looked up or called, so a hostile file can only be refused.
/// </summary>
internal sealed class TorchPickle
{
    private static readonly HashSet<string> StorageTypes = ["FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage"];
    private static readonly object Mark = new();
    private static readonly object EmptyHooks = new();

    private readonly byte[] _bytes;
    private readonly string _path;
    private readonly Stack<object> _stack = [];
    private readonly Dictionary<long, object> _memo = [];
    private int _at;

    private TorchPickle(byte[] bytes, string path) => (_bytes, _path) = (bytes, path);

    /// <summary>Reads the program.</summary>
    /// <param name="bytes">Content of <c>data.pkl</c>.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="PipelineException">It is anything but one plain float tensor.</exception>
    public static TorchTensorLayout Read(byte[] bytes, string path) => new TorchPickle(bytes, path).Run();

    private TorchTensorLayout Run()
    {
        while (true)
        {
            int at = _at;
            byte code = Take(1)[0];
            switch (code)
            {
                case 0x80 when Take(1)[0] == 2:
                    break;
                case (byte)'(':
                    _stack.Push(Mark);
                    break;
                case (byte)'c':
                    _stack.Push(Global(Line(), Line()));
                    break;
                case (byte)'X':
                    _stack.Push(Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                    break;
                case (byte)'J':
                    _stack.Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case (byte)'K':
                    _stack.Push((long)Take(1)[0]);
                    break;
                case (byte)'M':
                    _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case 0x8A:
                    _stack.Push(Long(Take(Take(1)[0])));
                    break;
                case 0x88:
                    _stack.Push(true);
                    break;
                case 0x89:
                    _stack.Push(false);
                    break;
                case (byte)')':
                    _stack.Push(Array.Empty<object>());
                    break;
                case 0x85 or 0x86 or 0x87:
                    _stack.Push(PopMany(code - 0x84));
                    break;
                case (byte)'t':
                    _stack.Push(PopToMark());
                    break;
                case (byte)'q':
                    _memo[Take(1)[0]] = Peek();
                    break;
                case (byte)'r':
                    _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                    break;
                case (byte)'h':
                    _stack.Push(Recall(Take(1)[0]));
                    break;
                case (byte)'j':
                    _stack.Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                    break;
                case (byte)'Q':
                    _stack.Push(StorageOf(Pop()));
                    break;
                case (byte)'R':
                    _stack.Push(Reduce(arguments: Pop(), callable: Pop()));
                    break;
                case (byte)'.' when _stack.Count == 1 && Peek() is TorchTensorLayout tensor:
                    return tensor;
                default:
                    throw Refuse($"pickle operation 0x{code:x2} at byte {at}");
            }
        }
    }

    private GlobalName Global(string module, string name) => (module, name) switch
    {
        ("torch._utils", "_rebuild_tensor_v2") or ("collections", "OrderedDict") => new GlobalName(name),
        ("torch", _) when StorageTypes.Contains(name) => new GlobalName(name),
        _ => throw Refuse($"it names {module}.{name}"),
    };

    private Storage StorageOf(object id) =>
        id is object[] and ["storage", GlobalName type, string key, string, long length] && StorageTypes.Contains(type.Name) && length >= 0
            ? new Storage(type.Name, key, length)
            : throw Refuse("a persistent id that is not a float storage");

    private object Reduce(object arguments, object callable) => (callable, arguments) switch
    {
        (GlobalName { Name: "OrderedDict" }, object[] and []) => EmptyHooks,
        (GlobalName { Name: "_rebuild_tensor_v2" }, object[] and [Storage s, long offset, object[] size, object[] stride, bool, var hooks])
            when hooks == EmptyHooks && size.Length == stride.Length && size.Concat(stride).All(n => n is long) =>
            new TorchTensorLayout(s.Type, s.Key, s.Length, offset, [.. size.Cast<long>()], [.. stride.Cast<long>()]),
        _ => throw Refuse("a call that does not rebuild a plain tensor"),
    };

    private static long Long(ReadOnlySpan<byte> little)
    {
        long value = 0;
        for (int i = 0; i < Math.Min(little.Length, sizeof(long)); i++)
            value |= (long)little[i] << (8 * i);
        return value;
    }

    private string Line()
    {
        int end = Array.IndexOf(_bytes, (byte)'\n', _at);
        if (end < 0)
            throw Refuse("the pickle ends inside a name");
        string line = Encoding.UTF8.GetString(_bytes, _at, end - _at);
        _at = end + 1;
        return line;
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > _bytes.Length - _at)
            throw Refuse("the pickle ends too early");
        _at += (int)count;
        return _bytes.AsSpan(_at - (int)count, (int)count);
    }

    private object Peek() => _stack.TryPeek(out object? top) ? top : throw Refuse("an operation on an empty stack");

    private object Pop() => _stack.TryPop(out object? top) ? top : throw Refuse("an operation on an empty stack");

    private object Recall(long key) => _memo.TryGetValue(key, out object? value) ? value : throw Refuse($"memo {key} that was never stored");

    private object[] PopMany(int count)
    {
        object[] items = new object[count];
        for (int i = count - 1; i >= 0; i--)
            items[i] = Pop();
        return items;
    }

    private object[] PopToMark()
    {
        List<object> items = [];
        while (Pop() is var item && item != Mark)
            items.Add(item);
        items.Reverse();
        return [.. items];
    }

    private PipelineException Refuse(string found) =>
        new($"{_path}: {found}; expected one plain float tensor as torch.save writes it (save the tensor alone, detached and on the CPU)");

    private sealed record GlobalName(string Name);

    private sealed record Storage(string Type, string Key, long Length);
}
