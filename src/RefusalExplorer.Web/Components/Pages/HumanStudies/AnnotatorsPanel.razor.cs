using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Web.Components.Pages.HumanStudies;

/// <summary>Invites annotators and shows how far each is.</summary>
public sealed partial class AnnotatorsPanel
{
    private string _name = "";
    private string? _error;
    private Invitation? _invitation;

    /// <summary>The study.</summary>
    [Parameter, EditorRequired] public required HumanStudyState State { get; set; }

    [Inject] public required HumanStudyService Studies { get; init; }

    private string? Note => State.Roster.Annotators.IsEmpty
        ? null
        : $"{State.Progress.Count(p => p.Finished)} of {State.Roster.Annotators.Length} finished";

    private Task InviteAsync() => TryAsync(async () =>
    {
        _invitation = await Studies.InviteAsync(State.Study.Id, _name);
        _name = "";
    });

    private Task RenewAsync(Annotator annotator) => TryAsync(async () => _invitation = await Studies.RenewAsync(State.Study.Id, annotator.Number));

    private Task WithdrawAsync(Annotator annotator) => TryAsync(async () =>
    {
        await Studies.WithdrawAsync(State.Study.Id, annotator.Number);
        if (_invitation?.Annotator.Number == annotator.Number)
            _invitation = null;
    });

    private async Task TryAsync(Func<Task> action)
    {
        _error = null;
        try
        {
            await action();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }
}
