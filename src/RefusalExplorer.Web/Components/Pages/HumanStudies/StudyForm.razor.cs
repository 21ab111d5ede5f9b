using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Features;

namespace RefusalExplorer.Web.Components.Pages.HumanStudies;

/// <summary>Asks how a study's cards are to be picked, shows what came of it, and makes the study.</summary>
public sealed partial class StudyForm
{
    private ImmutableArray<RunHeader> _sources = [];
    private ImmutableArray<int> _layers = [];
    private HumanStudySettings _settings = new();
    private string _title = "What do these features stand for?";
    private string _source = "";
    private HumanStudy? _draft;
    private string? _error;
    private bool _busy;

    /// <summary>A study was made; its id.</summary>
    [Parameter] public EventCallback<string> OnCreated { get; set; }

    [Inject] public required HumanStudyMaker Maker { get; init; }

    private string Features => "/features" + FeatureQueryUrl.Write(new FeatureQuery { Model = Model });

    private string Model => _sources.FirstOrDefault(s => s.Id == _source)?.Model ?? "";

    protected override void OnInitialized()
    {
        _sources = Maker.Sources();
        if (!_sources.IsEmpty)
            Choose(_sources[0].Id);
    }

    private void Choose(string runId)
    {
        (_source, _draft, _error) = (runId, null, null);
        _layers = Maker.LayersWithTexts(Model);
    }

    private void Set(HumanStudySettings settings) => (_settings, _draft, _error) = (settings, null, null);

    private void SetShare(ChangeEventArgs e) => Set(_settings with
    {
        LeastShare = double.TryParse(e.Value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out double share) ? share : null,
    });

    private Task PickAsync() => TryAsync(async () => _draft = await Task.Run(() => Maker.Draft(_source, _title, _settings)));

    private Task CreateAsync() => TryAsync(async () =>
    {
        HumanStudy study = await Task.Run(() => Maker.CreateAsync(_source, _title, _settings));
        await OnCreated.InvokeAsync(study.Id);
    });

    private async Task TryAsync(Func<Task> action)
    {
        (_busy, _error) = (true, null);
        // Shows that something goes on: the texts of all features are read now.
        StateHasChanged();
        try
        {
            await action();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        finally
        {
            _busy = false;
        }
    }
}
