using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Tests.Studies;

/// <summary>A folder for a study that goes away with the test.</summary>
internal sealed class StudyFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("study-").FullName;

    public string Journal => System.IO.Path.Combine(Path, StudyJournal.FileName);

    /// <summary>All files but the journal, whose lines hold times.</summary>
    public SortedDictionary<string, string> Results => new(
        Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Where(f => System.IO.Path.GetFileName(f) != StudyJournal.FileName)
            .ToDictionary(f => System.IO.Path.GetRelativePath(Path, f), f => Convert.ToBase64String(File.ReadAllBytes(f))), StringComparer.Ordinal);

    public static StudyDefinition Small => StudyJson.Parse(
        """
        { "name": "small", "model": "fake",
          "sets": { "prompts": { "set": "harmful", "take": 5 }, "harmfulTrain": "harmful", "harmlessTrain": "harmless" },
          "generation": { "batch": 4, "maxNewTokens": 16 },
          "direction": { "trainCount": 12, "validationCount": 4, "positions": [-1], "maxKl": 5, "droppedLayerShare": 0 },
          "candidates": { "steps": [2, 4, 8, 16] },
          "prune": { "blockSize": 2, "seeds": [0, 1], "thresholds": [0.1, 0.2, 0.5], "controls": 2, "leaveOneOut": true },
          "interactions": { "take": 20, "epochs": 3, "steps": [10, 20, 40], "linearProbe": true, "probeSteps": [5, 10] } }
        """, "small.json");

    public Task<StudyResult> RunAsync(
        FakeStudyEngine? engine = null, StudyDefinition? study = null, IProgress<StudyEvent>? events = null, CancellationToken cancellation = default) =>
        new StudyRunner(new FakePrompts(), new NoDirections()).RunAsync(study ?? Small, Path, engine ?? new FakeStudyEngine(), events, cancellation);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
