using RefusalExplorer.Engine;

namespace RefusalExplorer.Cli;

/// <summary>A file that a command writes at its end: asked for at its beginning, so that nobody's hours are lost to a wrong path.</summary>
internal static class OutputFile
{
    /// <exception cref="EngineException">Nothing can be written there.</exception>
    public static void Check(string path, string option)
    {
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full) ?? full;
        if (Directory.Exists(full))
            throw new EngineException($"{option} {path}: a folder; expected the path of a file");
        if (!Directory.Exists(folder))
            throw new EngineException($"{option} {path}: there is no folder {folder}; create it, or name another");
        try
        {
            // The file itself is written beside its place and moved there: what counts is that the folder takes a new one.
            string trial = $"{full}.{Guid.NewGuid():N}.tmp";
            using var created = new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{option} {path}: cannot be written: {e.Message}", e);
        }
    }
}
