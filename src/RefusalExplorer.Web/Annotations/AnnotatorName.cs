using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Annotations;

/// <summary>Under which name the one at this browser annotates; the browser keeps it.</summary>
public sealed class AnnotatorName(BrowserInterop browser)
{
    private const string Key = "annotator";
    private bool _recalled;

    /// <summary>The name, or empty.</summary>
    public string Value { get; private set; } = "";

    /// <summary>Reads it, the first time.</summary>
    public async Task RecallAsync()
    {
        if (_recalled)
            return;
        _recalled = true;
        Value = await browser.RecallAsync(Key) ?? "";
    }

    /// <summary>Sets it.</summary>
    public async Task SetAsync(string name)
    {
        Value = name.Trim();
        await browser.RememberAsync(Key, Value);
    }
}
