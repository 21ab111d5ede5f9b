using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>
/// A trained machine as a safetensors file: <c>features</c> [n, 2] (layer and index, exact in float32), <c>embeddings</c> [n, k], <c>weights</c> [n],
/// <c>bias</c> [1].
/// </summary>
public static class MachineFiles
{
    /// <summary>Writes it; the file appears whole or not at all.</summary>
    public static void Write(string path, FactorizationMachine machine)
    {
        int n = machine.Features.Length, k = machine.EmbeddingSize;
        float[] features = new float[2 * n], embeddings = new float[n * k], weights = new float[n];
        for (int i = 0; i < n; i++)
        {
            (features[2 * i], features[(2 * i) + 1]) = (machine.Features[i].Layer, machine.Features[i].Index);
            machine.Embedding(i).CopyTo(embeddings.AsSpan(i * k));
            weights[i] = machine.Weight(i);
        }
        List<TensorData> tensors = [new("features", features, n, 2), new("weights", weights, n), new("bias", new[] { machine.Bias }, 1)];
        if (k > 0)
            tensors.Add(new TensorData("embeddings", embeddings, n, k));
        SafetensorsFile.Write(path, tensors);
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="CheckpointFormatException">The file is missing or broken.</exception>
    public static FactorizationMachine Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        float[] features = file.ReadFloats("features"), weights = file.ReadFloats("weights");
        int n = weights.Length, k = file.Names.Contains("embeddings") ? (int)file.Shape("embeddings")[1] : 0;
        float[] embeddings = k > 0 ? file.ReadFloats("embeddings") : [];
        if (features.Length != 2 * n || embeddings.Length != n * k)
            throw new CheckpointFormatException(path, $"{features.Length / 2} features, {n} weights and {embeddings.Length} embedding numbers; expected n, n and n·k");
        int stride = FactorizationMachine.StrideOf(k);
        float[] rows = new float[n * stride];
        for (int i = 0; i < n; i++)
        {
            embeddings.AsSpan(i * k, k).CopyTo(rows.AsSpan(i * stride));
            rows[(i * stride) + k] = weights[i];
        }
        return new FactorizationMachine([.. Enumerable.Range(0, n).Select(i => new FeatureId((int)features[2 * i], (int)features[(2 * i) + 1]))], k, rows, file.ReadFloats("bias")[0]);
    }
}
