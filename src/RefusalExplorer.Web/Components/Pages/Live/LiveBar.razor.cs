using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Hosting.Security;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Live;

namespace RefusalExplorer.Web.Components.Pages.Live;

/// <summary>What the presenter does with the demonstration as a whole.</summary>
public sealed partial class LiveBar
{
    private bool _link;
    private bool _copied;

    [Parameter, EditorRequired] public required LiveSession Session { get; set; }

    /// <summary>Id of the element that goes full screen.</summary>
    [Parameter, EditorRequired] public required string RootId { get; set; }

    /// <summary>The demonstration is over.</summary>
    [Parameter] public EventCallback OnEnd { get; set; }

    /// <summary>Something went wrong, one line; null: no longer.</summary>
    [Parameter] public EventCallback<string?> OnError { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required AccessPolicy Access { get; init; }

    private string Link => Navigation.ToAbsoluteUri($"/live/watch/{Session.Code}").ToString();

    private bool OnlyHere => !Access.NeedsToken;

    private string BlurName => Session.State.Blur switch
    {
        LiveBlur.Hidden => "harmful text hidden",
        LiveBlur.Revealable => "harmful text covered",
        _ => "everything shown",
    };

    private string Status => Session switch
    {
        { Replaying: true } => "Playing a recording",
        { Recording: true } => "Recording",
        { State.Writing: true } => "Answering…",
        { State.TokensPerSecond: > 0 and var rate } => string.Create(CultureInfo.InvariantCulture, $"{rate:0.0} tokens/s"),
        _ => "",
    };

    /// <summary>Closes the panel with the audience's link; false where it is closed.</summary>
    public bool CloseLink()
    {
        bool open = _link;
        _link = false;
        if (open)
            StateHasChanged();
        return open;
    }

    private Task SaveAsync()
    {
        LiveRecording recording = Session.StopRecording();
        string name = string.Create(CultureInfo.InvariantCulture, $"demonstration-{recording.CreatedAt:yyyyMMdd-HHmmss}.json");
        return Browser.DownloadAsync(name, Exports.JsonType, recording.ToJson());
    }

    private async Task ReplayAsync(InputFileChangeEventArgs e)
    {
        try
        {
            if (e.File.Size > LiveRecording.MostBytes)
                throw new EngineException($"{e.File.Name} has {e.File.Size} bytes; recordings of at most {LiveRecording.MostBytes} are read");
            using var reader = new StreamReader(e.File.OpenReadStream(LiveRecording.MostBytes));
            LiveRecording recording = LiveRecording.Read(await reader.ReadToEndAsync(), e.File.Name);
            await OnError.InvokeAsync(null);
            // It plays on while the page answers to clicks.
            _ = Session.ReplayAsync(recording);
        }
        catch (Exception ex) when (ex is EngineException or IOException)
        {
            await OnError.InvokeAsync(ex.Message);
        }
    }

    private async Task CopyAsync() => _copied = await Browser.CopyAsync(Link);
}
