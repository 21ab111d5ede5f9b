using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>What pages read of studies, with people's verdicts of today. A study's files are read again only when they were written anew, or somebody judged.</summary>
public sealed class StudyDesk(StudyService studies, StudyOverrides humans)
{
    private readonly Memory<StudyResult?> _results = new(64);

    // They hold every response.
    private readonly Memory<ImmutableArray<PromptResult>> _prompts = new(8);

    /// <summary>All studies, those that run and wait first, then the newest.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The store cannot be read.</exception>
    public ImmutableArray<StudyEntry> List() => studies.List();

    /// <summary>A study, or null.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The store cannot be read.</exception>
    public StudyEntry? Find(string id) => studies.Find(id);

    /// <summary>What a study has found so far, or null; while it runs by its own judges alone.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">Its file is broken.</exception>
    public StudyResult? Result(StudyEntry entry) => entry.Latest
        ?? _results.Of(entry, humans.Version, files => files.ReadResult() is { } result ? humans.Of(result, files.ReadPrompts) : null) ?? studies.Result(entry);

    /// <summary>What a study has found of each prompt, as its folder has it: while it runs a few seconds old.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The file is broken.</exception>
    public ImmutableArray<PromptResult> Prompts(StudyEntry entry) => _prompts.Of(entry, humans.Version, files => humans.Of(files.ReadPrompts()));

    /// <summary>What was read last of each folder.</summary>
    private sealed class Memory<T>(int most)
    {
        private readonly ConcurrentDictionary<string, ((DateTime? Written, long Version) Stamp, Lazy<T> Value)> _kept = new(StringComparer.Ordinal);

        public T Of(StudyEntry entry, long version, Func<StudyFiles, T> read)
        {
            (DateTime? Written, long Version) stamp = (entry.Files.WrittenAt, version);
            if (_kept.TryGetValue(entry.Folder, out var kept) && kept.Stamp == stamp)
                return kept.Value.Value;
            if (_kept.Count >= most)
                _kept.Clear();
            return (_kept[entry.Folder] = (stamp, new Lazy<T>(() => read(entry.Files)))).Value.Value;
        }
    }
}
