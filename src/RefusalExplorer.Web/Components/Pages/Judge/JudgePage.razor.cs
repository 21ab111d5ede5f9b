using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Judging;

namespace RefusalExplorer.Web.Components.Pages.Judge;

/// <summary>Responses, their judges, and the person who overrules them.</summary>
public sealed partial class JudgePage : IAsyncDisposable
{
    private JudgeModel? _model;
    private IAsyncDisposable? _keys;

    /// <summary>The run that the address names; null for the newest.</summary>
    [Parameter] public string? RunId { get; set; }

    [Inject] public required ResponseLibrary Library { get; init; }

    [Inject] public required AnalysisCatalog Catalog { get; init; }

    [Inject] public required ResponseJudges Judges { get; init; }

    [Inject] public required HumanVerdicts Humans { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private JudgeModel Model => _model ??= new JudgeModel(Library, Catalog, Judges, Humans);

    private string FileName => $"judge-{Model.RunId}";

    protected override void OnParametersSet() => Model.Open(RunId);

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _keys = await Hotkeys.RegisterAsync(
        [
            .. Enum.GetValues<VerdictKind>().Select((kind, i) => new Hotkey($"{i + 1}", $"It {JudgeWords.Of(kind)}", () => OnPage(() => AnswerAsync(kind)))),
            new Hotkey("0", "Take your verdict back", () => OnPage(() => AnswerAsync(null))),
            new Hotkey("j", "Next response", () => OnPage(() => Go(1))),
            new Hotkey("k", "Response before it", () => OnPage(() => Go(-1))),
        ]);
    }

    private Task AnswerAsync(VerdictKind? kind) => Model.AnswerAsync(kind);

    private Task Go(int step)
    {
        Model.Go(step);
        return Task.CompletedTask;
    }

    private void OpenRun(string id) => Navigation.NavigateTo($"/judge/{id}");

    // Keys arrive outside of the page's own events: nothing is drawn again by itself.
    private Task OnPage(Func<Task> action) => InvokeAsync(async () =>
    {
        await action();
        StateHasChanged();
    });

    public async ValueTask DisposeAsync()
    {
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
