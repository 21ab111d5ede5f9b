using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Presets;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Live;

namespace RefusalExplorer.Web.Components.Pages.Live;

/// <summary>Up to eight features, each clamped to a multiple of its largest activation: numbers follow the slider, the answer its release.</summary>
public sealed partial class LiveSliders
{
    private IReadOnlyList<Preset> _presets = [];
    private string _feature = "";
    private string _name = "";

    [Parameter, EditorRequired] public required LiveSession Session { get; set; }

    /// <summary>Something went wrong, one line; null: no longer.</summary>
    [Parameter] public EventCallback<string?> OnError { get; set; }

    [Inject] public required IExploreCatalog Catalog { get; init; }

    [Inject] public required PresetLibrary Presets { get; init; }

    protected override void OnInitialized() => ReadPresets();

    private static string Text(double units) => units.ToString("0.##", CultureInfo.InvariantCulture);

    private void ReadPresets() => _presets = [.. Presets.List().Where(p => p.Model == Session.State.Model && LivePresets.Fits(p))];

    private void Drag(LiveSlider slider, object? value)
    {
        if (double.TryParse(value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out double units))
            Replace(slider.Feature, s => s with { Units = units, On = true });
    }

    private Task CommitAsync() => Session.CommitAsync();

    private Task SwitchAsync(LiveSlider slider, bool on)
    {
        Replace(slider.Feature, s => s with { On = on });
        return CommitAsync();
    }

    private Task RemoveAsync(LiveSlider slider)
    {
        Session.Move(Session.State.Sliders.RemoveAll(s => s.Feature == slider.Feature));
        return slider.On ? CommitAsync() : Task.CompletedTask;
    }

    private Task ResetAsync()
    {
        Session.Move([.. Session.State.Sliders.Select(s => s with { Units = 1, On = false })]);
        return CommitAsync();
    }

    private Task AddAsync() => TryAsync(async () =>
    {
        ImmutableArray<LiveSlider> sliders = Session.State.Sliders;
        FeatureId[] named = [.. FeatureText.Parse(_feature).Where(f => sliders.All(s => s.Feature != f))];
        IReadOnlyList<SuggestedFeature> facts = await Catalog.DescribeAsync(Session.State.Model, named);
        Session.Move([.. sliders, .. facts.Select(f => new LiveSlider(f.Feature, f.MaxActivation))]);
        _feature = "";
    });

    private Task LoadAsync(ChangeEventArgs e) => TryAsync(async () =>
    {
        if (_presets.FirstOrDefault(p => p.Name == e.Value as string) is not { } preset)
            return;
        IReadOnlyList<SuggestedFeature> facts = await Catalog.DescribeAsync(Session.State.Model, LivePresets.Features(preset));
        (ImmutableArray<LiveSlider> sliders, Engine.Interventions.TokenScope scope) = LivePresets.Read(preset, facts);
        Session.Move(sliders, scope);
        await CommitAsync();
    });

    private Task SaveAsync() => TryAsync(async () =>
    {
        await Presets.SaveAsync(LivePresets.Write(_name, Session.State));
        _name = "";
        ReadPresets();
    });

    private void Replace(FeatureId feature, Func<LiveSlider, LiveSlider> change) =>
        Session.Move([.. Session.State.Sliders.Select(s => s.Feature == feature ? change(s) : s)]);

    private async Task TryAsync(Func<Task> action)
    {
        try
        {
            await OnError.InvokeAsync(null);
            await action();
        }
        catch (EngineException e)
        {
            await OnError.InvokeAsync(e.Message);
        }
    }
}
