using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Components.Pages.Studies;

/// <summary>One study, while it runs and afterwards. What it shows is in its address.</summary>
public sealed partial class StudyPage : IDisposable
{
    private static readonly (StudyView View, string Name)[] Views =
    [
        (StudyView.Overview, "Overview"), (StudyView.Stage1, "Stage 1"), (StudyView.Stage2, "Stage 2"), (StudyView.Stage3, "Stage 3"),
        (StudyView.Prompts, "Prompts"), (StudyView.Settings, "Settings"), (StudyView.Files, "Files"),
    ];

    // A running study changes many times a second; charts need no more than this.
    private readonly Coalescer _render = new(TimeSpan.FromMilliseconds(300));
    private StudyEntry? _entry;
    private StudyResult? _result;
    private ImmutableArray<PromptResult> _prompts = [];
    private StudyPageState _state = new();
    private string? _error;

    /// <summary>The study.</summary>
    [Parameter] public string Id { get; set; } = "";

    [Inject] public required StudyService Studies { get; init; }

    [Inject] public required StudyDesk Desk { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    protected override void OnInitialized()
    {
        Studies.Changed += OnChanged;
        Navigation.LocationChanged += OnLocationChanged;
    }

    protected override void OnParametersSet()
    {
        _state = StudyUrl.Read(new Uri(Navigation.Uri).Query);
        Read();
    }

    private void Read()
    {
        try
        {
            _entry = Desk.Find(Id);
            _result = _entry is null ? null : Desk.Result(_entry);
            _prompts = _entry is null || _state.View is StudyView.Overview or StudyView.Settings or StudyView.Files ? [] : Desk.Prompts(_entry);
            _error = null;
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    /// <summary>What a waiting study waits for.</summary>
    private string Waiting()
    {
        int before = Desk.List().TakeWhile(e => e.Id != Id).Count();
        return before == 0 ? "It is next." : $"It waits for its turn: {StudyWords.Of(before)} before it.";
    }

    private async Task ResumeAsync()
    {
        try
        {
            await Studies.ResumeAsync(Id);
            Read();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private void GoTo(StudyPageState state) => Navigation.NavigateTo(StudyUrl.Of(Id, state), replace: true);

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e)
    {
        if (!new Uri(e.Location).AbsolutePath.EndsWith(Uri.EscapeDataString(Id), StringComparison.Ordinal))
            return;
        _state = StudyUrl.Read(new Uri(e.Location).Query);
        InvokeAsync(() =>
        {
            Read();
            StateHasChanged();
        });
    }

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
        Navigation.LocationChanged -= OnLocationChanged;
        _render.Dispose();
    }
}
