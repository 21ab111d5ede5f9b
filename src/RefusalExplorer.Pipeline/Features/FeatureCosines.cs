using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>
/// Cosines of all decoder rows with a direction. They need one pass over W_dec, half a gigabyte a layer for Gemma, so they are kept on disk: a file
/// for each SAE and direction, little-endian floats [F] and their SHA-256.
/// </summary>
/// <param name="folder">Where they are kept.</param>
public sealed class FeatureCosines(string folder)
{
    private readonly ConcurrentDictionary<string, float[]> _known = new(StringComparer.Ordinal);

    /// <summary>Cosines of one layer, [F]. Call on the engine thread.</summary>
    public float[] Get(LanguageModel model, int layer, RefusalVector direction)
    {
        Sae sae = model.Sae(layer);
        string key = Key(sae.Fingerprint, direction);
        return _known.GetOrAdd(key, _ =>
        {
            string path = Path.Combine(folder, key + ".cosines");
            if (Read(path, sae.Config.Features) is { } kept)
                return kept;
            float[] cosines = sae.DecoderCosines(direction.Values.AsSpan());
            Write(path, cosines);
            return cosines;
        });
    }

    private static string Key(string sae, RefusalVector direction)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(sae));
        hash.AppendData(MemoryMarshal.AsBytes(direction.Values.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    private static float[]? Read(string path, int features)
    {
        if (!File.Exists(path))
            return null;
        byte[] bytes = File.ReadAllBytes(path);
        int length = features * sizeof(float);
        if (bytes.Length != length + SHA256.HashSizeInBytes || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
            return null; // Cut off or of another version: computed anew.
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, length)).ToArray();
    }

    private void Write(string path, float[] cosines)
    {
        try
        {
            Directory.CreateDirectory(folder);
            byte[] bytes = MemoryMarshal.AsBytes(cosines.AsSpan()).ToArray();
            string draft = $"{path}.{Guid.NewGuid():N}.tmp";
            File.WriteAllBytes(draft, [.. bytes, .. SHA256.HashData(bytes)]);
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk costs the next start a pass, no more.
        }
    }
}
