using Microsoft.JSInterop;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Theme;

/// <summary>Light or dark, by the system's choice until the user makes one; one for each circuit.</summary>
public sealed class ThemeState(BrowserInterop browser) : IDisposable
{
    private DotNetObjectReference<ThemeState>? _self;

    /// <summary>Light became dark or the other way round; charts lay themselves out again.</summary>
    public event Action? Changed;

    /// <summary>Whether the browser has said which colours it shows; before, a chart would be drawn in colours that may be wrong.</summary>
    public bool Known { get; private set; }

    /// <summary>Whether colours are dark now.</summary>
    public bool IsDark { get; private set; }

    /// <summary><c>light</c>, <c>dark</c> or <c>system</c>.</summary>
    public string Choice { get; private set; } = "system";

    /// <summary>Colours for charts.</summary>
    public ChartPalette Palette => IsDark ? ChartPalette.Dark : ChartPalette.Light;

    /// <summary>Reads what the browser has. Call once, after the first render.</summary>
    public async Task ReadAsync()
    {
        _self ??= DotNetObjectReference.Create(this);
        BrowserInterop.ThemeReading? reading = await browser.ReadThemeAsync(_self);
        Known = true;
        (Choice, IsDark) = reading is null ? (Choice, IsDark) : (reading.Choice, reading.IsDark);
        Changed?.Invoke();
    }

    /// <summary>Keeps the user's choice.</summary>
    public async Task ChooseAsync(string choice)
    {
        Choice = choice;
        bool dark = await browser.StoreThemeAsync(choice);
        IsDark = dark;
        Changed?.Invoke();
    }

    /// <summary>Called by the browser when the system's choice changes.</summary>
    [JSInvokable]
    public void OnSystemTheme(bool isDark)
    {
        if (Choice == "system")
            Set(isDark);
    }

    /// <inheritdoc/>
    public void Dispose() => _self?.Dispose();

    private void Set(bool isDark)
    {
        if (isDark == IsDark)
            return;
        IsDark = isDark;
        Changed?.Invoke();
    }
}
