using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;

namespace RefusalExplorer.Web.Features;

/// <summary>A list of features that a page shows: the search, what it found, the row one is at, and those that are marked. Not thread-safe.</summary>
public sealed class FeaturesModel(FeatureCatalog catalog, FeatureSearch search, FeatureRows rows) : IDisposable
{
    private CancellationTokenSource _latest = new();

    /// <summary>Something changed; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>The search.</summary>
    public FeatureQuery Query { get; private set; } = new();

    /// <summary>The model's features, or null until they are read.</summary>
    public FeatureIndex? Index { get; private set; }

    /// <summary>What was found, or null until then.</summary>
    public FeatureMatches? Matches { get; private set; }

    /// <summary>What goes on, or null.</summary>
    public string? Busy { get; private set; }

    /// <summary>Why nothing could be found, one line, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>The feature that the keys act on.</summary>
    public FeatureId? Selected { get; private set; }

    /// <summary>Its place in the list, or −1.</summary>
    public int Place { get; private set; } = -1;

    /// <summary>Features marked for what comes next.</summary>
    public ImmutableHashSet<FeatureId> Marked { get; private set; } = [];

    /// <summary>Grows with every list.</summary>
    public int Generation { get; private set; }

    /// <summary>Features found.</summary>
    public int Count => Matches?.Rows.Count ?? 0;

    /// <summary>The marked features, in their order, or else the selected one.</summary>
    public ImmutableArray<FeatureId> Chosen => Marked.IsEmpty ? Selected is { } one ? [one] : [] : [.. Marked.Order()];

    /// <summary>Searches; an earlier search that still goes on is given up.</summary>
    public async Task SearchAsync(FeatureQuery query, FeatureId? selected = null)
    {
        CancellationToken cancellation = Renew();
        bool other = query.Model != Query.Model;
        (Query, Error) = (query, null);
        if (other)
            (Index, Matches, Marked) = (null, null, []);
        try
        {
            if (Index is null)
                Say("Reading the features…");
            var progress = new Progress<FeatureIndexProgress>(p => Say(p.Layer is { } layer
                ? $"Reading layer {layer} ({p.Done + 1} of {p.Total})…"
                : "Loading the model…"));
            FeatureIndex index = await catalog.IndexAsync(query.Model, query.Direction, progress, cancellation);
            // A text that is searched for reads a database: not on the page's thread.
            FeatureMatches found = await Task.Run(() => search.Find(index, query), cancellation);
            if (cancellation.IsCancellationRequested)
                return;
            (Index, Matches, Busy, Generation) = (index, found, null, Generation + 1);
            Settle(selected ?? Selected);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        catch (EngineException e)
        {
            (Error, Matches, Busy, Generation) = (e.Message, null, null, Generation + 1);
        }
        Changed?.Invoke();
    }

    /// <summary>Searches for the same again: annotations or dashboards changed.</summary>
    public Task RefreshAsync() => SearchAsync(Query, Selected);

    /// <summary>Rows of some places.</summary>
    public List<FeatureRow> Rows(int from, int count) =>
        Index is { } index && Matches is { } matches ? [.. rows.Of(Query.Model, index, matches, from, count)] : [];

    /// <summary>Goes to a place, as far as there is one.</summary>
    public void GoTo(int place)
    {
        if (Count == 0)
            return;
        Place = Math.Clamp(place, 0, Count - 1);
        Selected = Index!.Columns.At(Matches!.Rows[Place]);
        Changed?.Invoke();
    }

    /// <summary>Goes some places on, or back.</summary>
    public void Step(int by) => GoTo(Place < 0 ? 0 : Place + by);

    /// <summary>Marks a feature, or takes the mark off.</summary>
    public void Mark(FeatureId feature)
    {
        ImmutableHashSet<FeatureId> without = Marked.Remove(feature);
        Marked = without == Marked ? Marked.Add(feature) : without;
        Changed?.Invoke();
    }

    /// <summary>Marks the first features of the list, at most <paramref name="most"/>; takes all marks off where there are some.</summary>
    public void MarkAll(int most)
    {
        Marked = Marked.IsEmpty && Matches is { } matches ? [.. matches.Rows.Take(most).Select(Index!.Columns.At)] : [];
        Changed?.Invoke();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _latest.Cancel();
        _latest.Dispose();
    }

    private CancellationToken Renew()
    {
        CancellationTokenSource before = _latest;
        _latest = new CancellationTokenSource();
        before.Cancel();
        before.Dispose();
        return _latest.Token;
    }

    // The feature that one was at stays selected if it is still there, else the one in its place is.
    private void Settle(FeatureId? wanted)
    {
        int before = Math.Max(0, Place), row = wanted is { } feature ? Index!.Columns.Row(feature) : -1;
        Place = row < 0 ? -1 : PlaceOf(row);
        if (Place < 0)
            Place = Math.Min(before, Count - 1);
        Selected = Place < 0 ? null : Index!.Columns.At(Matches!.Rows[Place]);
    }

    private int PlaceOf(int row)
    {
        for (int place = 0; place < Count; place++)
        {
            if (Matches!.Rows[place] == row)
                return place;
        }
        return -1;
    }

    private void Say(string what)
    {
        Busy = what;
        Changed?.Invoke();
    }
}
