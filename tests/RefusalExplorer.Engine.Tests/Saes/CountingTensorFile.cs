using RefusalExplorer.Engine.Checkpoints;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>Counts the elements that are read from the file below it, and tells when columns are read.</summary>
internal sealed class CountingTensorFile(ITensorFile file, Action? onColumns = null) : ITensorFile
{
    public long ElementsRead { get; private set; }

    public string Location => file.Location;

    public IReadOnlyList<string> Names => file.Names;

    public string Fingerprint => file.Fingerprint;

    public bool Contains(string name) => file.Contains(name);

    public IReadOnlyList<long> Shape(string name) => file.Shape(name);

    public TensorElementType ElementType(string name) => file.ElementType(name);

    public Tensor Load(string name, ScalarType dtype, Device device)
    {
        Tensor tensor = file.Load(name, dtype, device);
        ElementsRead += tensor.numel();
        return tensor;
    }

    public float[] ReadFloats(string name) => Count(file.ReadFloats(name));

    public void ReadFloats(string name, long start, Span<float> destination)
    {
        ElementsRead += destination.Length;
        file.ReadFloats(name, start, destination);
    }

    public float[] ReadRows(string name, ReadOnlySpan<int> rows) => Count(file.ReadRows(name, rows));

    public float[] ReadColumns(string name, ReadOnlySpan<int> columns)
    {
        onColumns?.Invoke();
        return Count(file.ReadColumns(name, columns));
    }

    public void Dispose() => file.Dispose();

    private float[] Count(float[] values)
    {
        ElementsRead += values.Length;
        return values;
    }
}
