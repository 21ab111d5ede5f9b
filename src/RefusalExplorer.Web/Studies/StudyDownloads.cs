using System.Collections.Immutable;
using System.IO.Compression;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>A file of a study's folder.</summary>
/// <param name="Name">Its path below the folder, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="About">What it holds.</param>
public sealed record StudyFile(string Name, long Size, string About);

/// <summary>The files of a study's folder, for those who watch from another machine.</summary>
public static class StudyDownloads
{
    private const string Unfinished = ".tmp";

    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["study.json"] = "The definition with all settings",
        ["result.json"] = "What was found over all prompts",
        ["prompts.jsonl"] = "Everything of each prompt, one line each, with responses",
        ["rates.csv"] = "What jailbreaks: arms with counts and intervals",
        ["prompts.csv"] = "One row a prompt",
        ["candidates.csv"] = "Stage 1: P(“I”) and verdict by prompt and K",
        ["direction_scores.csv"] = "Stage 1: scores of the candidates for the direction",
        ["pruning.csv"] = "Stage 2: P(“I”) and Δ by prompt, seed and step",
        ["thresholds.csv"] = "Stage 2: what each τ keeps",
        ["minimal.csv"] = "Stage 2: features of the minimal sets with their activations",
        ["features.csv"] = "Stage 2: features over all minimal sets",
        ["machine.csv"] = "Stage 3: training curve",
        ["interactions.csv"] = "Stage 3: P(“I”) and verdict by prompt and K",
        ["links.csv"] = "Stage 3: what its features do to Stage 2’s",
        ["factorization_machine.safetensors"] = "Stage 3: the trained machine",
        ["linear_probe.safetensors"] = "Stage 3: the trained probe",
        ["direction/direction.pt"] = "The direction, as the reference writes it",
        ["direction/direction_metadata.json"] = "Its position and layer, as the reference writes them",
        ["direction/generate_directions/mean_diffs.pt"] = "All candidates [positions, layers, d_model], as the reference writes them",
        ["direction/select_direction/direction_evaluations.json"] = "Their scores, as the reference writes them",
        [StudyJournal.FileName] = "Finished pieces, from which a stopped study goes on",
    };

    /// <summary>The files that are there now: those of the study first, then what else lies in its folder.</summary>
    public static ImmutableArray<StudyFile> List(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        string[] order = [.. Known.Keys];
        return
        [
            .. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)
                .Where(f => f.Extension != Unfinished)
                .Select(f => (Name: Path.GetRelativePath(folder, f.FullName).Replace('\\', '/'), f.Length))
                .OrderBy(f => Array.IndexOf(order, f.Name) is var place && place >= 0 ? place : order.Length).ThenBy(f => f.Name, StringComparer.Ordinal)
                .Select(f => new StudyFile(f.Name, f.Length, Known.GetValueOrDefault(f.Name, ""))),
        ];
    }

    /// <summary>Opens one of the listed files.</summary>
    /// <exception cref="EngineException">It is gone, or the running study holds it.</exception>
    public static Stream Open(string folder, string name)
    {
        try
        {
            // Only what is listed: a name from elsewhere must not leave the folder.
            return List(folder).Any(f => f.Name == name)
                ? new FileStream(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : throw new EngineException($"{name}: no longer in the study's folder; open the page again");
        }
        catch (IOException e)
        {
            throw new EngineException($"{name}: cannot be read: {e.Message}; try again when the study has ended", e);
        }
    }

    /// <summary>All files but the journal as a ZIP archive, at its beginning; disposing of it removes it.</summary>
    /// <exception cref="EngineException">A file cannot be read.</exception>
    public static Stream Zip(string folder)
    {
        var archive = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach (StudyFile file in List(folder).Where(f => f.Name != StudyJournal.FileName))
                {
                    using Stream from = Open(folder, file.Name), to = zip.CreateEntry(file.Name).Open();
                    from.CopyTo(to);
                }
            }
            archive.Position = 0;
            return archive;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }
}
