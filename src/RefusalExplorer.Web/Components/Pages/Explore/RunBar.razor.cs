using Microsoft.AspNetCore.Components;
using MudBlazor;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>Run and stop, how far it is, and what can be done with the result.</summary>
public sealed partial class RunBar
{
    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Parameter] public EventCallback OnRun { get; set; }

    /// <summary>Something about the address.</summary>
    [Parameter] public string? Notice { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required ISnackbar Snackbar { get; init; }

    [Inject] public required ModelCatalog Catalog { get; init; }

    private bool CanRun => Model.Ready || Model.State.Groups.All(g => g.Source != GroupSource.Suggested);

    private string Status => Model.View is { } view ? RunStatusText.Of(view, Model.Live, Model.Header)
        : Model.Ready ? Invitation
        : "The model is being loaded…";

    // What a newcomer needs to know before the first click.
    private string Invitation
    {
        get
        {
            int active = Model.State.Groups.Where(g => g.Enabled).SelectMany(g => Model.Members(g).Except(g.Off)).Distinct().Count();
            string edits = active > 0 ? $"and with {active} of its features edited" : "and with the cart's edits";
            return $"Asks the model twice: as it is, {edits}{(Model.State.Control ? "; random features beside it" : "")}.";
        }
    }

    private static string CheckText(LiveRun<CacheCheck> check) => check switch
    {
        { Error: { } error } => error,
        { State.Verdict: { } verdict } => verdict,
        { Status: LiveStatus.Running } => $"Checking without the cache… {check.State.Tokens} tokens",
        _ => "The check was stopped",
    };

    private Task CopyLinkAsync() => CopyAsync(Navigation.ToAbsoluteUri($"/explore/{Model.RunId}").ToString(), "Link");

    private string Python(ExperimentResult result) => PythonScript.Write(result, Catalog);

    private async Task CopyAsync(string text, string what)
    {
        bool copied = await Browser.CopyAsync(text);
        Snackbar.Add(copied ? $"{what} copied" : $"{what} could not be copied: the browser does not allow it here", copied ? Severity.Normal : Severity.Error);
    }
}
