using System.Collections.Immutable;
using System.Reflection;
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
    public static RunRecord Create(
        LanguageModel model, DateTimeOffset started, TimeSpan elapsed, ImmutableArray<int> ids, string? direction, IEnumerable<int> layers)
    {
        int[] used = [.. layers.Distinct()];
        return new RunRecord
        {
            AppVersion = AppVersion,
            StartedAt = started,
            Seconds = elapsed.TotalSeconds,
            Model = model.Spec.Name,
            WeightsFingerprint = model.Fingerprint,
            SaeFingerprints = used.ToImmutableSortedDictionary(l => l, l => model.Sae(l).Fingerprint),
            GatingRule = used.Select(l => model.Sae(l).Config.GatingRule).FirstOrDefault(r => r is not null)?.ToString(),
            Device = model.Spec.Device,
            Dtype = model.Spec.Dtype,
            Kernels = model.Kernels,
            Template = model.Template?.Name,
            TokenIds = ids,
            RefusalTokens = model.RefusalTokens,
            Direction = direction,
            TorchVersion = TorchSharp.torch.__version__,
        };
    }
}
