using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Cli;

/// <summary>What a command that works on a study is given: the study's file, its folder, or a hand-made feature set.</summary>
/// <param name="Result">What the study found; null where no study is behind it.</param>
/// <param name="Prompts">The study's prompts.</param>
/// <param name="Folder">Where its analyses go; null where none is known.</param>
/// <param name="HandMade">The hand-made request, or null.</param>
internal sealed record StudyInput(StudyResult? Result, ImmutableArray<PromptResult> Prompts, string? Folder, AnalysisRequest? HandMade)
{
    private const string AnalysesFolder = "analyses";

    /// <summary>Folder of the analyses of a study's folder.</summary>
    public string? Analyses => Folder is null ? null : Result is null ? Folder : Path.Combine(Folder, AnalysesFolder);

    /// <summary>Reads a study's file or folder, or a request.</summary>
    /// <exception cref="EngineException">It cannot be read, or the study has not been run.</exception>
    public static async Task<StudyInput> ReadAsync(CommandContext context, string path, string? folder, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
            return OfFolder(path);
        string text = path == "-" ? await Console.In.ReadToEndAsync(cancellation).ConfigureAwait(false) : CommandContext.ReadFile(path);
        string where = path == "-" ? "standard input" : path;
        if (!IsStudy(text, where))
            return new StudyInput(null, [], folder, AnalysisJson.ReadRequest<AnalysisRequest>(text, where));
        StudyDefinition study = StudyJson.Parse(text, where);
        folder = folder is null ? StudyServices.StudiesFolder(context.Session.Get<AppSettings>(), StudyEntry.IdOf(study)) : Path.GetFullPath(folder);
        StudyFiles files = new(folder);
        StudyResult result = files.ReadResult() ?? throw new EngineException(
            $"{where}: no results of this study in {folder}; run 'refusal-explorer study {path}' first, or name its folder with --out");
        return new StudyInput(result, files.ReadPrompts(), folder, null);
    }

    /// <summary>The request of the analyses.</summary>
    public AnalysisRequest Request(CommandContext context, CancellationToken cancellation) => HandMade ?? context.Session.Get<StudyRequests>().Make(
        Result!, Prompts, StudyEntry.IdOf(Result!.Study), Direction(context), cancellation);

    private static StudyInput OfFolder(string path)
    {
        StudyFiles files = new(Path.GetFullPath(path));
        return new StudyInput(files.ReadResult(), files.ReadPrompts(), files.Folder, null);
    }

    /// <summary>The folder's files serve beside a dashboard that holds the store; older studies kept an imported direction in the store alone.</summary>
    private string? Direction(CommandContext context)
    {
        if (Result!.Direction is not { } direction)
            return null;
        string files = Path.Combine(Folder!, "direction");
        if (Directory.Exists(files))
            return files;
        try
        {
            return context.Session.Get<IDirectionStore>().TryGet(direction.Id, out _) ? direction.Id : Result.Study.Direction.Use;
        }
        catch (StoreException)
        {
            return Result.Study.Direction.Use;
        }
    }

    /// <summary>A study has a name; a request has none.</summary>
    private static bool IsStudy(string text, string where)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("name", out _);
        }
        catch (JsonException e)
        {
            throw new EngineException($"{where}: {e.Message}", e);
        }
    }
}
