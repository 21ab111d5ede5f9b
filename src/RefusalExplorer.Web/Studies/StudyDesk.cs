using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>What pages read of studies. A study's files are read again only when they were written anew.</summary>
public sealed class StudyDesk(StudyService studies)
{
    private const int MostKept = 8;
    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    /// <summary>All studies, those that run and wait first, then the newest.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The store cannot be read.</exception>
    public ImmutableArray<StudyEntry> List() => studies.List();

    /// <summary>A study, or null.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The store cannot be read.</exception>
    public StudyEntry? Find(string id) => studies.Find(id);

    /// <summary>What a study has found so far, or null.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">Its file is broken.</exception>
    public StudyResult? Result(StudyEntry entry) => entry.Latest ?? Files(entry).Result.Value ?? studies.Result(entry);

    /// <summary>What a study has found of each prompt, as its folder has it: while it runs a few seconds old.</summary>
    /// <exception cref="RefusalExplorer.Engine.EngineException">The file is broken.</exception>
    public ImmutableArray<PromptResult> Prompts(StudyEntry entry) => Files(entry).Prompts.Value;

    private Kept Files(StudyEntry entry)
    {
        DateTime? written = entry.Files.WrittenAt;
        if (_kept.TryGetValue(entry.Folder, out Kept? kept) && kept.Written == written)
            return kept;
        if (_kept.Count >= MostKept)
            _kept.Clear();
        return _kept[entry.Folder] = new Kept(
            written, new Lazy<StudyResult?>(entry.Files.ReadResult), new Lazy<ImmutableArray<PromptResult>>(entry.Files.ReadPrompts));
    }

    private sealed record Kept(DateTime? Written, Lazy<StudyResult?> Result, Lazy<ImmutableArray<PromptResult>> Prompts);
}
