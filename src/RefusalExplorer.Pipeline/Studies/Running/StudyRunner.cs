using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>
/// Runs a study stage by stage in its folder. Every finished piece is in the folder's journal before the next begins, so that a run that was
/// stopped or killed goes on where it was, with the same results to the byte.
/// </summary>
public sealed class StudyRunner(IStudyPromptReader prompts, IStudyDirections directions)
{
    /// <summary>Runs it, or what is left of it.</summary>
    /// <param name="study">The definition.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="engine">Where the model is.</param>
    /// <param name="events">Told pieces and results.</param>
    /// <param name="cancellation">Stops it; what is done stays done.</param>
    /// <exception cref="RefusalExplorer.Engine.EngineException">A set, the model or the folder is not usable; one line says why.</exception>
    public async Task<StudyResult> RunAsync(
        StudyDefinition study, string folder, IStudyEngine engine, IProgress<StudyEvent>? events = null, CancellationToken cancellation = default)
    {
        using StudyJournal journal = StudyJournal.Open(folder, study.Fingerprint);
        var files = new StudyFiles(folder);
        files.WriteDefinition(study);
        var context = new StudyContext(study, journal, engine, events, cancellation);
        context.Begin(StudyStage.Direction, 2);
        StudyState state = await PrepareAsync(context, files, events).ConfigureAwait(false);
        var reader = new StudyPrompts(context, prompts);
        ImmutableArray<PromptItem> items = await reader.ReadAsync("prompts", study.Sets.Prompts).ConfigureAwait(false);
        state.Begin(items, await reader.EncodeAsync(items).ConfigureAwait(false));
        var judge = new StudyJudgePanel(study.Judge);

        state.Direction = await new DirectionStage(context, state, reader, judge, directions, folder).RunAsync().ConfigureAwait(false);
        Complete(StudyStage.Direction);
        if (study.Through >= StudyStage.Candidates)
        {
            await new CandidateStage(context, state, judge).RunAsync().ConfigureAwait(false);
            Complete(StudyStage.Candidates);
        }
        if (study.Through >= StudyStage.Prune)
        {
            await new PruneStage(context, state, judge).RunAsync().ConfigureAwait(false);
            Complete(StudyStage.Prune);
        }
        if (study.Through >= StudyStage.Interactions)
        {
            await new InteractionStage(context, state, reader, judge, folder).RunAsync().ConfigureAwait(false);
            Complete(StudyStage.Interactions);
        }
        state.Notes = reader.Notes;
        StudyResult result = StudySummary.Of(state);
        files.Write(result, [.. state.Results.OfType<PromptResult>()]);
        return result;

        void Complete(StudyStage stage)
        {
            state.Completed = stage;
            state.Notes = reader.Notes;
            state.Publish();
        }
    }

    /// <summary>Asks the model what it is, and refuses to go on with other weights than those that the journal began with.</summary>
    private static async Task<StudyState> PrepareAsync(StudyContext context, StudyFiles files, IProgress<StudyEvent>? events)
    {
        (StudyModelRecord now, int[] layers, int tokens) = await context.AskAsync("opening the model",
            (model, _) => (model.Describe(model.SaeLayers), model.SaeLayers.ToArray(), model.TokensAtOnce)).ConfigureAwait(false);
        ModelPiece then = await context.AsideAsync("study/model", "opening the model", _ => new ModelPiece(now, tokens)).ConfigureAwait(false);
        if (Identity(then.Model) != Identity(now))
        {
            throw new PipelineException(
                $"{files.Folder}: the study began with other weights, SAEs or settings of {now.Model} than are here now; restore them, or begin it in a new folder");
        }
        context.TokensAtOnce = then.TokensAtOnce;
        return new StudyState(context.Study, then.Model, layers, changed =>
        {
            StudyResult result = StudySummary.Of(changed);
            files.WriteNowAndThen(result, () => [.. changed.Results.OfType<PromptResult>()]);
            events?.Report(new StudyEvent.ResultsChanged(result));
        });
    }

    /// <summary>What must be the same for a journal to go on: everything but the program's version.</summary>
    private static string Identity(StudyModelRecord record) => JsonSerializer.Serialize(record with { AppVersion = "" }, StudyJson.Options);

    private sealed record ModelPiece(StudyModelRecord Model, int TokensAtOnce);
}
