using System.Text;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>Writes small GGUF files.</summary>
internal sealed class GgufBuilder(uint version = 3, int alignment = 32)
{
    private readonly List<Action<BinaryWriter>> _metadata = [];
    private readonly List<(string Name, uint Type, long[] Shape, byte[] Data)> _tensors = [];

    internal GgufBuilder Text(string key, string value) => Add(key, 8, w => WriteText(w, value));

    internal GgufBuilder WholeNumber(string key, int value) => Add(key, 4, w => w.Write((uint)value));

    internal GgufBuilder Number(string key, float value) => Add(key, 6, w => w.Write(value));

    internal GgufBuilder Flag(string key, bool value) => Add(key, 7, w => w.Write(value));

    internal GgufBuilder Texts(string key, IReadOnlyCollection<string> values) => Array(key, 8, values, WriteText);

    internal GgufBuilder Numbers(string key, IReadOnlyCollection<float> values) => Array(key, 6, values, (w, v) => w.Write(v));

    internal GgufBuilder WholeNumbers(string key, IReadOnlyCollection<int> values) => Array(key, 5, values, (w, v) => w.Write(v));

    internal GgufBuilder Add(string key, uint type, Action<BinaryWriter> value)
    {
        _metadata.Add(w =>
        {
            WriteText(w, key);
            w.Write(type);
            value(w);
        });
        return this;
    }

    internal GgufBuilder Tensor(string name, GgmlType type, byte[] data, params long[] shape) => Tensor(name, (uint)type, data, shape);

    internal GgufBuilder Tensor(string name, uint type, byte[] data, params long[] shape)
    {
        _tensors.Add((name, type, shape, data));
        return this;
    }

    internal GgufBuilder Tensor(string name, float[] data, params long[] shape) =>
        Tensor(name, GgmlType.F32, [.. data.SelectMany(BitConverter.GetBytes)], shape);

    internal byte[] Build()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (Action<BinaryWriter> entry in _metadata)
            entry(writer);
        long offset = 0;
        foreach ((string name, uint type, long[] shape, byte[] data) in _tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            foreach (long dimension in shape.Reverse())
                writer.Write(dimension);
            writer.Write(type);
            writer.Write(offset);
            offset = Align(offset + data.Length);
        }
        foreach ((_, _, _, byte[] data) in _tensors)
        {
            writer.Write(new byte[Align(stream.Position) - stream.Position]);
            writer.Write(data);
        }
        return stream.ToArray();
    }

    private GgufBuilder Array<T>(string key, uint type, IReadOnlyCollection<T> values, Action<BinaryWriter, T> write) => Add(key, 9, w =>
    {
        w.Write(type);
        w.Write((ulong)values.Count);
        foreach (T value in values)
            write(w, value);
    });

    internal static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private long Align(long position) => (position + alignment - 1) / alignment * alignment;
}
