using System.Text.Json;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>The weights of a Hugging Face folder: <c>model.safetensors</c>, or shards and <c>model.safetensors.index.json</c>.</summary>
public sealed class SafetensorsWeights : IWeightSource
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private readonly List<SafetensorsFile> _shards = [];
    private readonly SortedDictionary<string, SafetensorsFile> _tensors = new(StringComparer.Ordinal);

    private SafetensorsWeights(string folder)
    {
        Location = folder;
        try
        {
            if (File.Exists(Path.Combine(folder, SingleFile)))
                AddSingle(Path.Combine(folder, SingleFile));
            else if (File.Exists(Path.Combine(folder, IndexFile)))
                AddShards(Path.Combine(folder, IndexFile));
            else
                throw new CheckpointFormatException(folder, $"neither {SingleFile} nor {IndexFile} there; download the safetensors form of the model");
        }
        catch
        {
            Dispose();
            throw;
        }
        Names = [.. _tensors.Keys];
        Fingerprint = _shards.Count == 1 ? _shards[0].Fingerprint : Checkpoints.Fingerprint.Join(_shards.Select(s => s.Fingerprint));
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <summary>Opens all files of a folder.</summary>
    /// <exception cref="CheckpointFormatException">A file is missing or broken, or the index and the shards disagree.</exception>
    public static SafetensorsWeights Open(string folder) => new(folder);

    /// <inheritdoc/>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape(string name) => Shard(name).Shape(name);

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device, params ReadOnlySpan<long> expectedShape)
    {
        SafetensorsFile shard = Shard(name);
        ShapeCheck.Require(shard.Location, name, shard.Shape(name), expectedShape);
        return shard.Load(name, dtype, device);
    }

    /// <inheritdoc/>
    public QuantizedMatrix? TryGetQuantized(string name) => null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile shard in _shards)
            shard.Dispose();
    }

    private SafetensorsFile Shard(string name) => _tensors.TryGetValue(name, out SafetensorsFile? shard)
        ? shard
        : throw new CheckpointFormatException(Location, $"no such tensor among its {_tensors.Count}", name);

    private void AddSingle(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _shards.Add(file);
        foreach (string name in file.Names)
            _tensors.Add(name, file);
    }

    private void AddShards(string indexPath)
    {
        var fileOf = new Dictionary<string, string>(StringComparer.Ordinal);
        using (JsonDocument index = CheckpointJson.ParseFile(indexPath))
        {
            CheckpointJson.Guard(indexPath, "the index", () =>
            {
                foreach (JsonProperty entry in index.RootElement.GetProperty("weight_map").EnumerateObject())
                    fileOf[entry.Name] = entry.Value.GetString() ?? "";
            });
        }
        foreach (string fileName in fileOf.Values.Distinct().Order(StringComparer.Ordinal))
            AddShard(indexPath, fileName, fileOf);
        foreach ((string name, string fileName) in fileOf)
        {
            if (!_tensors.ContainsKey(name))
                throw new CheckpointFormatException(indexPath, $"expected in {fileName}, which does not hold it; download the shard again", name);
        }
    }

    private void AddShard(string indexPath, string fileName, Dictionary<string, string> fileOf)
    {
        if (fileName.Length == 0 || fileName != Path.GetFileName(fileName))
            throw new CheckpointFormatException(indexPath, $"shard '{fileName}', expected a file name without a folder");
        string path = Path.Combine(Location, fileName);
        if (!File.Exists(path))
            throw new CheckpointFormatException(indexPath, $"shard {fileName} is missing; download it");
        SafetensorsFile file = SafetensorsFile.Open(path);
        _shards.Add(file);
        foreach (string name in file.Names)
        {
            if (fileOf.GetValueOrDefault(name) != fileName)
                throw new CheckpointFormatException(path, "the index does not name it for this file; download the index and the shards again", name);
            _tensors.Add(name, file);
        }
    }
}
