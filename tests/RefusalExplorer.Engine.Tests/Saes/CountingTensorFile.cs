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

    public float[] ReadFloats(string name)
    {
        float[] values = file.ReadFloats(name);
        ElementsRead += values.Length;
        return values;
    }

    public void ReadFloats(string name, long start, Span<float> destination)
    {
        ElementsRead += destination.Length;
        file.ReadFloats(name, start, destination);
    }

    public void ReadRows(string name, ReadOnlySpan<int> rows, Span<float> destination)
    {
        ElementsRead += destination.Length;
        file.ReadRows(name, rows, destination);
    }

    public void ReadColumns(string name, ReadOnlySpan<int> columns, Span<float> destination)
    {
        onColumns?.Invoke();
        ElementsRead += destination.Length;
        file.ReadColumns(name, columns, destination);
    }

    public void Dispose() => file.Dispose();
}
