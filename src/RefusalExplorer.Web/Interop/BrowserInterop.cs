using Microsoft.JSInterop;

namespace RefusalExplorer.Web.Interop;

/// <summary>What only the browser can do; each call is one function of <c>wwwroot/js/app.js</c>.</summary>
public sealed class BrowserInterop(IJSRuntime js)
{
    /// <summary>Marks the page as interactive, for tests that wait for it.</summary>
    public ValueTask MarkInteractiveAsync() => js.InvokeVoidAsync("refusalExplorer.markInteractive");

    /// <summary>Copies text; false where the browser does not allow it.</summary>
    public ValueTask<bool> CopyAsync(string text) => js.InvokeAsync<bool>("refusalExplorer.copy", text);

    /// <summary>Saves text as a file, whatever its size.</summary>
    public async Task DownloadAsync(string fileName, string contentType, string text)
    {
        using var content = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
        await DownloadAsync(fileName, contentType, content);
    }

    /// <summary>Saves bytes as a file, whatever their number.</summary>
    public async Task DownloadAsync(string fileName, string contentType, Stream bytes)
    {
        using var content = new DotNetStreamReference(bytes, leaveOpen: true);
        await js.InvokeVoidAsync("refusalExplorer.download", fileName, contentType, content);
    }

    /// <summary>Puts the page's address into the address bar without a new entry in the history.</summary>
    public ValueTask ReplaceUrlAsync(string url) => js.InvokeVoidAsync("refusalExplorer.replaceUrl", url);

    /// <summary>Shows an element on the whole screen, or no longer.</summary>
    public ValueTask FullScreenAsync(string elementId) => js.InvokeVoidAsync("refusalExplorer.fullScreen", elementId);

    /// <summary>Tells what follows the window's size, charts above all, that there is another room for it.</summary>
    public ValueTask TellResizedAsync() => js.InvokeVoidAsync("refusalExplorer.tellResized");

    /// <summary>Moves the bar of pages so that the open page's link is seen, and fades its edge where more follows.</summary>
    public ValueTask ShowPageLinkAsync() => js.InvokeVoidAsync("refusalExplorer.showPageLink");

    /// <summary>Moves the keyboard's focus to an element.</summary>
    public ValueTask FocusAsync(string elementId) => js.InvokeVoidAsync("refusalExplorer.focus", elementId);

    /// <summary>Scrolls a list so that a row of a fixed height is seen.</summary>
    public ValueTask ScrollToRowAsync(string elementId, int row, int height) => js.InvokeVoidAsync("refusalExplorer.scrollToRow", elementId, row, height);

    /// <summary>What this browser keeps under a key, or null.</summary>
    public ValueTask<string?> RecallAsync(string key) => js.InvokeAsync<string?>("refusalExplorer.recall", key);

    /// <summary>Keeps a text in this browser.</summary>
    public ValueTask RememberAsync(string key, string value) => js.InvokeVoidAsync("refusalExplorer.remember", key, value);

    /// <summary>Whether the page is dark now, and whether the user chose that (or follows the system).</summary>
    public ValueTask<ThemeReading> ReadThemeAsync<T>(DotNetObjectReference<T> listener) where T : class =>
        js.InvokeAsync<ThemeReading>("refusalExplorer.readTheme", listener);

    /// <summary>Keeps the choice (<c>light</c>, <c>dark</c> or <c>system</c>) in the browser; whether it is dark now.</summary>
    public ValueTask<bool> StoreThemeAsync(string choice) => js.InvokeAsync<bool>("refusalExplorer.storeTheme", choice);

    /// <summary>Begins to tell of keys that are pressed while nothing is typed.</summary>
    public ValueTask ListenForKeysAsync<T>(DotNetObjectReference<T> listener) where T : class =>
        js.InvokeVoidAsync("refusalExplorer.listenForKeys", listener);

    /// <summary>Which keys have a meaning now; others are left to the browser.</summary>
    public ValueTask SetKeysAsync(IEnumerable<Hotkey> keys) =>
        js.InvokeVoidAsync("refusalExplorer.setKeys", keys.Select(k => new { k.Key, k.FocusId }));

    /// <summary>The theme as the browser has it.</summary>
    /// <param name="Choice"><c>light</c>, <c>dark</c> or <c>system</c>.</param>
    /// <param name="IsDark">Whether that is dark now.</param>
    public sealed record ThemeReading(string Choice, bool IsDark);
}
