using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>
/// The files of a study's folder: <c>study.json</c>, <c>result.json</c>, <c>prompts.jsonl</c> (one line a prompt) and tables as CSV. They are written
/// whole: a reader sees the old file or the new one.
/// </summary>
public sealed class StudyFiles(string folder)
{
    private const string DefinitionName = "study.json";
    private const string ResultName = "result.json";
    private const string PromptsName = "prompts.jsonl";
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _sinceWritten = new();

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>UTC time at which the results were last written, or null where there are none yet.</summary>
    public DateTime? WrittenAt => Path.Combine(folder, ResultName) is var path && File.Exists(path) ? File.GetLastWriteTimeUtc(path) : null;

    /// <summary>The definition as JSON, readable.</summary>
    public void WriteDefinition(StudyDefinition study) => WriteWhole(DefinitionName, StudyJson.Serialize(study, indented: true) + "\n");

    /// <summary>All results.</summary>
    public void Write(StudyResult result, ImmutableArray<PromptResult> prompts)
    {
        WriteWhole(PromptsName, string.Concat(prompts.Select(p => JsonSerializer.Serialize(p, StudyJson.Options) + "\n")));
        foreach ((string name, string csv) in StudyTables.All(result, prompts))
            WriteWhole(name, csv);
        // Last, so that who sees it sees the others too.
        WriteWhole(ResultName, JsonSerializer.Serialize(result, StudyJson.Indented) + "\n");
        _sinceWritten.Restart();
    }

    /// <summary>All results, at most every few seconds.</summary>
    public void WriteNowAndThen(StudyResult result, Func<ImmutableArray<PromptResult>> prompts)
    {
        if (!_sinceWritten.IsRunning || _sinceWritten.Elapsed > Often)
            Write(result, prompts());
    }

    /// <summary>The result on disk, or null where there is none yet.</summary>
    /// <exception cref="PipelineException">The file is broken.</exception>
    public StudyResult? ReadResult() => ReadAll(ResultName) is { } text ? Deserialize<StudyResult>(ResultName, text) : null;

    /// <summary>One prompt's result, or null where there is none yet.</summary>
    /// <exception cref="PipelineException">The file is broken.</exception>
    public PromptResult? ReadPrompt(int index) => ReadLines().Select(line => Deserialize<PromptResult>(PromptsName, line)).FirstOrDefault(p => p.Index == index);

    /// <summary>All prompts' results.</summary>
    /// <exception cref="PipelineException">The file is broken.</exception>
    public ImmutableArray<PromptResult> ReadPrompts() => [.. ReadLines().Select(line => Deserialize<PromptResult>(PromptsName, line))];

    private IEnumerable<string> ReadLines()
    {
        string path = Path.Combine(folder, PromptsName);
        return File.Exists(path) ? File.ReadLines(path, Encoding.UTF8).Where(l => l.Length > 0) : [];
    }

    private string? ReadAll(string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path, Encoding.UTF8) : null;
    }

    private T Deserialize<T>(string name, string text)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, StudyJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new PipelineException($"{Path.Combine(folder, name)}: {e.Message}; run the study again to write it anew", e);
        }
    }

    private void WriteWhole(string name, string text)
    {
        string path = Path.Combine(folder, name), unfinished = path + ".tmp";
        try
        {
            File.WriteAllText(unfinished, text);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{path}: cannot be written: {e.Message}", e);
        }
    }
}
