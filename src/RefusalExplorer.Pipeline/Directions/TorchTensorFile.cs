using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>A float tensor out of a <c>.pt</c> file.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its elements, row-major, widened to float64.</param>
public sealed record TorchTensor(IReadOnlyList<long> Shape, IReadOnlyList<double> Values);

/// <summary>One plain float tensor in PyTorch's zip format (<c>torch.save</c> since 1.6): an archive of <c>data.pkl</c> and <c>data/{key}</c>.</summary>
public static class TorchTensorFile
{
    private const int LargestPickle = 1 << 20;
    private const long LargestStorage = 1L << 30;

    /// <summary>Reads the tensor; nothing in the file is executed.</summary>
    /// <exception cref="PipelineException">The file is missing, cut short, in the format before 1.6, or not one plain float tensor.</exception>
    public static TorchTensor Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            return Read(archive, path);
        }
        catch (InvalidDataException e)
        {
            throw new PipelineException($"{path}: not a whole zip archive; expected what torch.save writes since PyTorch 1.6 (load and save it again)", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes a float64 tensor that <c>torch.load</c> reads, also with <c>weights_only=True</c>.</summary>
    /// <exception cref="PipelineException">The shape does not hold the values.</exception>
    public static void Write(string path, IReadOnlyList<long> shape, ReadOnlySpan<double> values)
    {
        if (shape.Aggregate(1L, (a, b) => checked(a * b)) != values.Length)
            throw new PipelineException($"{path}: shape [{string.Join(", ", shape)}] does not hold {values.Length} values");
        byte[] data = new byte[values.Length * sizeof(double)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(i * sizeof(double)), values[i]);
        using FileStream stream = File.Create(path);
        using ZipArchive archive = new(stream, ZipArchiveMode.Create);
        string root = Path.GetFileNameWithoutExtension(path);
        Add("data.pkl", TorchPickleWriter.Program(shape, values.Length));
        Add("byteorder", "little"u8);
        Add("data/0", data);
        Add("version", "3\n"u8);

        void Add(string name, ReadOnlySpan<byte> content)
        {
            // PyTorch maps storages straight from the file, so nothing is deflated.
            ZipArchiveEntry entry = archive.CreateEntry($"{root}/{name}", CompressionLevel.NoCompression);
            // The same tensor is the same bytes, whenever it was written: the earliest time that zip knows, as PyTorch writes.
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using Stream stream = entry.Open();
            stream.Write(content);
        }
    }

    private static TorchTensor Read(ZipArchive archive, string path)
    {
        ZipArchiveEntry pickle = archive.Entries.FirstOrDefault(e => e.FullName == "data.pkl" || e.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
            ?? throw new PipelineException($"{path}: no data.pkl in the archive; expected what torch.save writes");
        string root = pickle.FullName[..^"data.pkl".Length];
        if (archive.GetEntry(root + "byteorder") is ZipArchiveEntry order && Encoding.ASCII.GetString(Content(order, 16, path)).Trim() != "little")
            throw new PipelineException($"{path}: stored big-endian; expected little-endian (save it again on the machine that reads it)");
        TorchTensorLayout layout = TorchPickle.Read(Content(pickle, LargestPickle, path), path);
        ZipArchiveEntry storage = archive.GetEntry($"{root}data/{layout.StorageKey}")
            ?? throw new PipelineException($"{path}: no data/{layout.StorageKey} in the archive, which its tensor needs");
        return new TorchTensor(layout.Shape, Gather(layout, Content(storage, LargestStorage, path), path));
    }

    private static byte[] Content(ZipArchiveEntry entry, long limit, string path)
    {
        if (entry.Length > limit)
            throw new PipelineException($"{path}: {entry.FullName} has {entry.Length} bytes; expected at most {limit}");
        byte[] content = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(content);
        return content;
    }

    private static double[] Gather(TorchTensorLayout layout, byte[] data, string path)
    {
        int size = layout.StorageType switch { "DoubleStorage" => 8, "FloatStorage" => 4, _ => 2 };
        long stored = data.Length / size;
        if (stored < layout.StorageLength)
            throw new PipelineException($"{path}: data/{layout.StorageKey} has {data.Length} bytes; expected {layout.StorageLength} elements of {size} bytes");
        CheckBounds(layout, stored, path);
        double[] values = new double[layout.Shape.Aggregate(1L, (a, b) => a * b)];
        long[] index = new long[layout.Shape.Length];
        for (int i = 0; i < values.Length; i++)
        {
            long element = layout.Offset;
            for (int d = 0; d < index.Length; d++)
                element += index[d] * layout.Stride[d];
            values[i] = Element(layout.StorageType, data.AsSpan((int)(element * size), size));
            for (int d = index.Length - 1; d >= 0 && ++index[d] == layout.Shape[d]; d--)
                index[d] = 0;
        }
        return values;
    }

    private static void CheckBounds(TorchTensorLayout layout, long stored, string path)
    {
        Int128 count = 1, last = layout.Offset;
        bool valid = layout.Offset >= 0;
        for (int d = 0; d < layout.Shape.Length; d++)
        {
            valid &= layout.Shape[d] >= 0 && layout.Stride[d] >= 0;
            // A stride of 0 repeats elements: the count is bounded by itself, the last element by the storage.
            count = Int128.Min(count * layout.Shape[d], long.MaxValue);
            last += (Int128)Math.Max(0, layout.Shape[d] - 1) * layout.Stride[d];
        }
        if (!valid || count > LargestStorage / sizeof(double) || (count > 0 && last >= stored))
        {
            throw new PipelineException(
                $"{path}: shape [{string.Join(", ", layout.Shape)}] with strides [{string.Join(", ", layout.Stride)}] from element {layout.Offset} does not fit its storage of {stored} elements");
        }
    }

    private static double Element(string type, ReadOnlySpan<byte> bytes) => type switch
    {
        "DoubleStorage" => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        "FloatStorage" => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        "HalfStorage" => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(bytes) << 16),
    };
}
