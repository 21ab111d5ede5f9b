using System.Collections.Immutable;
using Microsoft.JSInterop;

namespace RefusalExplorer.Web.Interop;

/// <summary>A key with what it does.</summary>
/// <param name="Key">As the browser names it (<c>r</c>, <c>Escape</c>, <c>/</c>, <c>?</c>).</param>
/// <param name="What">For the help dialog.</param>
/// <param name="Action">What it does.</param>
public sealed record Hotkey(string Key, string What, Func<Task> Action)
{
    /// <summary>A key that moves the focus to an element; the browser does it by itself, so that no letter typed next is lost.</summary>
    public Hotkey(string key, string what, string focusId) : this(key, what, () => Task.CompletedTask) => FocusId = focusId;

    /// <summary>The id of the element that gets the focus, or null.</summary>
    public string? FocusId { get; }
}

/// <summary>The keys of the page that is open. None fires while the user types, or with Ctrl, Alt or Meta.</summary>
public sealed class HotkeyService(BrowserInterop browser) : IDisposable
{
    private readonly List<Registration> _registrations = [];
    private DotNetObjectReference<HotkeyService>? _self;

    /// <summary>The keys that have a meaning now.</summary>
    public ImmutableArray<Hotkey> Keys => [.. _registrations.SelectMany(r => r.Keys)];

    /// <summary>Adds keys until the registration is disposed; later ones win.</summary>
    public async Task<IAsyncDisposable> RegisterAsync(params Hotkey[] keys)
    {
        var registration = new Registration(this, keys);
        _registrations.Add(registration);
        if (_self is null)
        {
            _self = DotNetObjectReference.Create(this);
            await browser.ListenForKeysAsync(_self);
        }
        await PublishAsync();
        return registration;
    }

    /// <summary>Called by the browser.</summary>
    [JSInvokable]
    public Task OnKey(string key) => Keys.LastOrDefault(k => k.Key == key)?.Action() ?? Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _self?.Dispose();

    private ValueTask PublishAsync() => browser.SetKeysAsync(Keys);

    private sealed class Registration(HotkeyService owner, Hotkey[] keys) : IAsyncDisposable
    {
        public Hotkey[] Keys { get; } = keys;

        public async ValueTask DisposeAsync()
        {
            owner._registrations.Remove(this);
            try
            {
                await owner.PublishAsync();
            }
            catch (JSDisconnectedException)
            {
                // The page is gone, and its keys with it.
            }
        }
    }
}
