using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>Where a feature occurs in a study.</summary>
/// <param name="Minimal">Prompts whose minimal set (Stage 2) has it.</param>
/// <param name="Silent">Those of them on whose prompt it is silent without edits: redundant features.</param>
/// <param name="Added">Prompts that Stage 3 jailbreaks with it.</param>
public sealed record StudyOccurrence(int Minimal, int Silent, int Added);

/// <summary>The features that studies found. What a finished study has is kept.</summary>
public sealed class StudyFeatures(StudyService studies)
{
    private readonly ConcurrentDictionary<string, ImmutableDictionary<FeatureId, StudyOccurrence>> _finished = new(StringComparer.Ordinal);

    /// <summary>Studies of a model, newest first.</summary>
    public ImmutableArray<StudyEntry> Of(string model) => [.. studies.List().Where(s => s.Study.Model == model)];

    /// <summary>The features of a study; none before its second stage.</summary>
    /// <exception cref="PipelineException">There is no such study, or its files are broken.</exception>
    public ImmutableDictionary<FeatureId, StudyOccurrence> In(string study)
    {
        if (_finished.TryGetValue(study, out ImmutableDictionary<FeatureId, StudyOccurrence>? known))
            return known;
        StudyEntry entry = studies.Find(study) ?? throw new PipelineException($"study '{study}': there is none of that id; see the Studies page");
        ImmutableDictionary<FeatureId, StudyOccurrence> found = Read(entry);
        return entry.Status == StudyStatus.Finished ? _finished[study] = found : found;
    }

    private ImmutableDictionary<FeatureId, StudyOccurrence> Read(StudyEntry entry)
    {
        var found = new Dictionary<FeatureId, StudyOccurrence>();
        foreach (FeatureCount feature in studies.Result(entry)?.Features ?? [])
            found[feature.Feature] = new StudyOccurrence(feature.Prompts, feature.Silent, 0);
        foreach (FeatureId added in entry.Files.ReadPrompts().SelectMany(p => p.Interactions?.Found ?? []))
        {
            StudyOccurrence so = found.GetValueOrDefault(added) ?? new StudyOccurrence(0, 0, 0);
            found[added] = so with { Added = so.Added + 1 };
        }
        return found.ToImmutableDictionary();
    }
}
