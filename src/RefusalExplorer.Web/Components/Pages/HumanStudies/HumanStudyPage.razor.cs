using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.HumanStudies;

/// <summary>One study: who takes part and how far they are, and, once it is closed, what came of it.</summary>
public sealed partial class HumanStudyPage : IDisposable
{
    private const string JsonLinesType = "application/x-ndjson";
    private readonly Coalescer _render = new();
    private HumanStudyState? _state;
    private string? _error;

    /// <summary>The study's id.</summary>
    [Parameter, EditorRequired] public required string Id { get; set; }

    [Inject] public required HumanStudyService Studies { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    protected override void OnInitialized() => Studies.Changed += OnChanged;

    protected override void OnParametersSet() => Read();

    private void Read() => _state = Studies.TryGet(Id, out HumanStudyState? state) ? state : null;

    private static string CloseQuestion(HumanStudyState state)
    {
        int open = state.Progress.Count(p => !p.Finished);
        return open == 0 ? "No more answers are taken after that." : string.Create(
            CultureInfo.InvariantCulture, $"{open} of {state.Roster.Annotators.Length} annotators are not finished, and no more answers are taken after that.");
    }

    private async Task TryAsync(Func<Task> action)
    {
        _error = null;
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

    private Task DeleteAsync() => TryAsync(async () =>
    {
        await Studies.DeleteAsync(Id);
        Navigation.NavigateTo("/human-study");
    });

    private Task SaveAsync(bool csv) => csv
        ? Browser.DownloadAsync($"answers-{Id[^Math.Min(8, Id.Length)..]}.csv", Exports.CsvType, HumanStudyExport.LongForm(_state!).ToCsv())
        : Browser.DownloadAsync($"answers-{Id[^Math.Min(8, Id.Length)..]}.jsonl", JsonLinesType, HumanStudyExport.JsonLines(_state!));

    private void OnChanged(string id)
    {
        if (id != Id)
            return;
        _render.Request(() => InvokeAsync(() =>
        {
            Read();
            StateHasChanged();
        }));
    }

    public void Dispose()
    {
        Studies.Changed -= OnChanged;
        _render.Dispose();
    }
}
