using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>Makes the record of a run.</summary>
public static class RunRecords
{
    /// <summary>Version of the program that runs.</summary>
    public static string AppVersion { get; } =
        typeof(RunRecords).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <param name="model">The model that ran.</param>
    /// <param name="started">UTC start.</param>
    /// <param name="elapsed">Wall time.</param>
    /// <param name="ids">Ids that the model was given.</param>
    /// <param name="direction">Path or id of the direction used, or null.</param>
    /// <param name="layers">Layers whose SAE was used.</param>
    /// <param name="vector">That direction's values, or null.</param>
    public static RunRecord Create(
        LanguageModel model, DateTimeOffset started, TimeSpan elapsed, ImmutableArray<int> ids, string? direction, IEnumerable<int> layers,
        ImmutableArray<float>? vector = null)
    {
        int[] used = [.. layers.Distinct()];
        return new RunRecord
        {
            AppVersion = AppVersion,
            StartedAt = started,
            Seconds = elapsed.TotalSeconds,
            Model = model.Spec.Name,
            ModelPath = model.Spec.Path,
            WeightsFingerprint = model.Fingerprint,
            SaeFingerprints = used.ToImmutableSortedDictionary(l => l, l => model.Sae(l).Fingerprint),
            SaePaths = used.ToImmutableSortedDictionary(l => l, l => model.Spec.Saes[l]),
            GatingRule = used.Select(l => model.Sae(l).Config.GatingRule).FirstOrDefault(r => r is not null)?.ToString(),
            Device = model.Spec.Device,
            Dtype = model.Spec.Dtype,
            Kernels = model.Kernels,
            Template = model.Template?.Name,
            TokenIds = ids,
            RefusalTokens = model.RefusalTokens,
            Direction = direction,
            DirectionSha256 = vector is { } values ? Hash(values) : null,
            TorchVersion = TorchSharp.torch.__version__,
        };
    }

    // Of the values alone, so that a file and a stored direction with the same vector have the same hash.
    private static string Hash(ImmutableArray<float> values) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())));
}
