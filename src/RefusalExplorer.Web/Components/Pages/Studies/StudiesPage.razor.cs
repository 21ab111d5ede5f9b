using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Components.Pages.Studies;

/// <summary>All studies: what runs, what waits, and what was found.</summary>
public sealed partial class StudiesPage : IDisposable
{
    private readonly Coalescer _render = new(TimeSpan.FromMilliseconds(250));
    private ImmutableArray<StudyEntry> _entries = [];
    private ImmutableArray<StudyRow> _rows = [];
    private string? _error;
    private bool _starting;

    [Inject] public required StudyService Studies { get; init; }

    [Inject] public required StudyDesk Desk { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private ImmutableArray<StudyEntry> Queue => [.. _entries.Where(e => e.Status is StudyStatus.Running or StudyStatus.Queued)];

    private ImmutableArray<StudyRow> Ended => _rows;

    protected override void OnInitialized()
    {
        Studies.Changed += OnChanged;
        Read();
    }

    private void Read()
    {
        try
        {
            _entries = Desk.List();
            _rows = [.. _entries.Where(e => e.Status is not (StudyStatus.Running or StudyStatus.Queued)).Select(Row)];
            _error = null;
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private StudyRow Row(StudyEntry entry)
    {
        try
        {
            return new StudyRow(entry, Desk.Result(entry));
        }
        catch (EngineException e)
        {
            // One broken folder must not hide the others.
            return new StudyRow(entry with { Status = StudyStatus.Failed, Reason = e.Message }, null);
        }
    }

    private async Task StartDemoAsync()
    {
        _starting = true;
        try
        {
            Navigation.NavigateTo(StudyUrl.Of(await Studies.StartAsync(StudyExamples.Demo)));
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        _starting = false;
    }

    private async Task ResumeAsync(StudyEntry entry) => await TryAsync(() => Studies.ResumeAsync(entry.Id));

    private async Task ForgetAsync(StudyEntry entry) => await TryAsync(() => Studies.ForgetAsync(entry.Id));

    private async Task TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            Read();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private void OnChanged(string id) => _render.Request(() => InvokeAsync(() =>
    {
        Read();
        StateHasChanged();
    }));

    public void Dispose()
    {
        Studies.Changed -= OnChanged;
        _render.Dispose();
    }

    /// <summary>A study that has ended, in the list.</summary>
    private sealed record StudyRow(StudyEntry Entry, StudyResult? Result)
    {
        public StudyFunnel? Funnel => Result?.Funnel is { Prompts: > 0 } f ? f : null;

        /// <summary>The result, once it has something of Stage 2.</summary>
        public StudyResult? Pruned => Result is { } r && StudyWords.Reached(r, StudyStage.Prune) ? r : null;

        public StudyRate? Control => Rate(StudyArm.RandomControl);

        public StudyRate? UpperBound => Rate(StudyArm.Directional);

        private StudyRate? Rate(StudyArm arm) => Result?.Rates.FirstOrDefault(r => r.Arm == arm);
    }
}
