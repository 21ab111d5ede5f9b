using System.CommandLine;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Cli.Commands;

/// <summary>
/// <c>study STUDY.json</c> runs all stages; <c>direction</c>, <c>candidates</c>, <c>prune</c> and <c>interactions</c> run those up to theirs. Stages that
/// are done in the study's folder are not done again.
/// </summary>
internal static class StudyCommand
{
    /// <summary>The five commands.</summary>
    public static IEnumerable<Command> CreateAll(CommandFactory factory) =>
    [
        Create(factory, "direction", "Stage 1: finds the refusal direction of a study", StudyStage.Direction),
        Create(factory, "candidates", "Stage 1: ranks features and finds the smallest K that jailbreaks", StudyStage.Candidates),
        Create(factory, "prune", "Stage 2: prunes to minimal sets and proves them", StudyStage.Prune),
        Create(factory, "interactions", "Stage 3: trains the factorization machine and ablates what it adds", StudyStage.Interactions),
        Create(factory, "study", "Runs a study, or what is left of it", null),
    ];

    private static Command Create(CommandFactory factory, string name, string description, StudyStage? through)
    {
        var file = new Argument<string>("STUDY.json") { Description = "The study's definition; - reads standard input" };
        var output = new Option<string?>("--out") { Description = "The study's folder: journal, tables and JSONL. Left out: one under the data folder" };
        return factory.Create(name, description, [file, output], async (context, cancellation) =>
        {
            StudyDefinition study = await ReadAsync(context.Arguments.GetRequiredValue(file), cancellation).ConfigureAwait(false);
            study = study with { Through = through ?? study.Through };
            string folder = context.Arguments.GetValue(output) is { } given
                ? Path.GetFullPath(given)
                : StudyServices.StudiesFolder(context.Session.Get<AppSettings>(), StudyEntry.IdOf(study));
            StudyResult result = await RunAsync(context, study, folder, cancellation).ConfigureAwait(false);
            if (context.Json)
                context.Session.Output.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, StudyJson.Indented));
            else
                StudyText.Write(context, result, folder);
            return ExitCode.Ok;
        });
    }

    private static async Task<StudyDefinition> ReadAsync(string path, CancellationToken cancellation) => path == "-"
        ? StudyJson.Parse(await Console.In.ReadToEndAsync(cancellation).ConfigureAwait(false), "standard input")
        : StudyJson.Parse(CommandContext.ReadFile(path), path);

    private static async Task<StudyResult> RunAsync(CommandContext context, StudyDefinition study, string folder, CancellationToken cancellation)
    {
        IStudyEngine engine = context.Session.Get<IStudyEngines>().Open(study);
        var entry = new StudyEntry
        {
            Id = StudyEntry.IdOf(study),
            Study = study,
            Folder = folder,
            CreatedAt = DateTimeOffset.UtcNow,
            Status = StudyStatus.Running,
        };
        StudyLibrary? library = await ListAsync(context, entry).ConfigureAwait(false);
        try
        {
            StudyResult result = await context.Session.Get<StudyRunner>()
                .RunAsync(study, folder, engine, new StudyLog(context), cancellation).ConfigureAwait(false);
            if (library is not null)
            {
                await library.KeepAsync(entry.Id, result, DateTimeOffset.UtcNow).ConfigureAwait(false);
                await library.SaveAsync(entry with { Status = StudyStatus.Finished }).ConfigureAwait(false);
            }
            return result;
        }
        catch (Exception e)
        {
            bool stopped = e is OperationCanceledException;
            if (stopped)
                context.Log($"what is done is kept in {folder}; the same command goes on from there");
            if (library is not null)
                await library.SaveAsync(entry with { Status = stopped ? StudyStatus.Stopped : StudyStatus.Failed, Reason = stopped ? "stopped; it goes on where it was" : e.Message }).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Puts the study on the dashboard's list, unless the dashboard runs and holds the store.</summary>
    private static async Task<StudyLibrary?> ListAsync(CommandContext context, StudyEntry entry)
    {
        try
        {
            StudyLibrary library = context.Session.Get<StudyLibrary>();
            await library.SaveAsync(entry with { CreatedAt = library.Find(entry.Id)?.CreatedAt ?? entry.CreatedAt }).ConfigureAwait(false);
            return library;
        }
        catch (StoreException e)
        {
            context.Log($"the study will not be on the dashboard's list: {e.Message}");
            return null;
        }
    }
}
