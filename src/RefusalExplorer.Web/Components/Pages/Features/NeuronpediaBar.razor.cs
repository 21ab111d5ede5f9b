using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Features;

namespace RefusalExplorer.Web.Components.Pages.Features;

/// <summary>Asks Neuronpedia for what the list has no explanations of yet. Shown where the model is there and requests are allowed; it asks for nothing by itself.</summary>
public sealed partial class NeuronpediaBar : IDisposable
{
    private const int ShortestText = 3;
    private readonly CancellationTokenSource _gone = new();
    private ImmutableArray<NeuronpediaHit> _hits = [];
    private int? _next;
    private string? _error, _said;
    private bool _busy;

    /// <summary>The list.</summary>
    [Parameter, EditorRequired] public required FeaturesModel Model { get; set; }

    /// <summary>Explanations came: the list may find more.</summary>
    [Parameter] public EventCallback OnFetched { get; set; }

    [Inject] public required INeuronpedia Neuronpedia { get; init; }

    [Inject] public required ModelCatalog Models { get; init; }

    private ConfiguredModel? Configured => Models.Models.FirstOrDefault(m => m.Name == Model.Query.Model);

    private bool IsThere => Configured?.NeuronpediaModel is not null && Model.Index is { Columns.Count: > 0 };

    private string Text => Model.Query.Text.Trim();

    /// <summary>The marked features, or the first ones of the list; one request's worth.</summary>
    private ImmutableArray<FeatureId> Targets => Model.Marked.IsEmpty
        ? [.. (Model.Matches?.Rows ?? []).Take(INeuronpedia.BatchSize).Select(Model.Index!.Columns.At)]
        : [.. Model.Chosen.Take(INeuronpedia.BatchSize)];

    private ExplainedSae? Sae(int layer) => Configured is { } model ? ExplainedSaes.Of(model, layer) : null;

    private Task SearchAsync(int offset) => TryAsync(async () =>
    {
        IEnumerable<int> layers = Model.Query.Layers.IsEmpty ? Model.Index!.Columns.Layers.Select(l => l.Layer) : Model.Query.Layers;
        ExplainedSae[] saes = [.. layers.Select(Sae).OfType<ExplainedSae>()];
        NeuronpediaHits found = await Neuronpedia.SearchAsync(saes[0].Model, [.. saes.Select(s => s.Source)], Text, offset, _gone.Token);
        (_hits, _next) = ([.. offset == 0 ? [] : _hits, .. found.Hits], found.NextOffset);
        _said = found.Hits.IsEmpty ? "It found nothing." : $"{_hits.Length} found, the nearest in meaning first.";
    });

    private Task FetchAsync() => TryAsync(async () =>
    {
        int explained = 0, absent = 0, asked = 0;
        foreach (IGrouping<int, FeatureId> layer in Targets.GroupBy(f => f.Layer))
        {
            if (Sae(layer.Key) is not { } sae)
                continue;
            var answers = await Neuronpedia.FeaturesAsync(sae.Model, sae.Source, [.. layer.Select(f => f.Index)], _gone.Token);
            asked += answers.Count;
            explained += answers.Values.Count(a => a.Feature is { Explanations.IsEmpty: false });
            absent += answers.Values.Count(a => a.Feature is null);
        }
        _said = string.Create(CultureInfo.InvariantCulture, $"{explained} of {asked} are explained{(absent > 0 ? $"; {absent} it does not have" : "")}.");
    });

    private async Task TryAsync(Func<Task> ask)
    {
        (_busy, _error, _said) = (true, null, null);
        try
        {
            await ask();
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            _busy = false;
        }
        await OnFetched.InvokeAsync();
    }

    private static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }
}
