using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Tests.Studies;

/// <summary>
/// Studies that ran on the demo model, kept as they were written but for their answers, so that pages have real results to show without minutes
/// of work. No answer to a harmful request is kept: <see cref="LeftOut"/> stands in its place. After a change of their format:
/// <c>refusal-explorer study Finished/NAME/study.json --out FOLDER</c>, and copy the files that are here.
/// </summary>
public static class FinishedStudies
{
    /// <summary>8 prompts, the paper's thresholds and seeds, two random controls each.</summary>
    public const string Eight = "eight-prompts";

    /// <summary>3 of the same prompts in large blocks, with the proof by leaving out.</summary>
    public const string Three = "three-prompts";

    /// <summary>In the place of every response that is no refusal.</summary>
    public const string LeftOut = "(an answer to a harmful request, left out)";

    /// <summary>A study as the list has it.</summary>
    public static StudyEntry Entry(string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Studies", "Finished", name);
        string path = Path.Combine(folder, "study.json");
        StudyDefinition study = StudyJson.Parse(File.ReadAllText(path), path);
        return new StudyEntry
        {
            Id = StudyEntry.IdOf(study),
            Study = study,
            Folder = folder,
            CreatedAt = new DateTimeOffset(2026, 2, 3, name == Eight ? 4 : 5, 0, 0, TimeSpan.Zero),
            Status = StudyStatus.Finished,
        };
    }
}
