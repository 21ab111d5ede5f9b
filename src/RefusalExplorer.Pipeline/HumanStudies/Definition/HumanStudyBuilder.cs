using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Picks a study's items: features of the set in equal numbers by how many categories they fire on, random ones beside them, catch trials, repeats.</summary>
/// <param name="pool">What to draw from.</param>
/// <param name="settings">How many of each.</param>
/// <param name="examplesOf">Texts of a feature, the strongest first; empty where there are none.</param>
/// <param name="harmless">Texts that no label fits, for catch trials.</param>
/// <param name="explanationOf">What a feature was said to stand for, or null.</param>
public sealed class HumanStudyBuilder(
    TaxonomyPool pool, HumanStudySettings settings, Func<FeatureId, IReadOnlyList<BlindExample>> examplesOf,
    IReadOnlyList<string> harmless, Func<FeatureId, string?>? explanationOf = null)
{
    private const int LeastCatchTexts = 2;
    private readonly List<string> _notes = [];
    private readonly SeededRandom _random = new(settings.Seed);

    /// <summary>Picks the items. The same pool, settings and examples give the same study.</summary>
    /// <exception cref="PipelineException">A setting makes no sense, or no feature has a text to show.</exception>
    public HumanStudy Build(string id, string title, DateTimeOffset at)
    {
        settings.Validate();
        List<StudyItem> items = [.. SetItems(), .. RandomItems()];
        if (items.Count == 0)
        {
            throw new PipelineException(
                $"human study of run {pool.RunId}: none of its {pool.Features.Length} features has a text to show; make the model's dashboards first, on a corpus on which they fire");
        }
        items = [.. items.DistinctBy(i => i.Feature)];
        StudyItem[] repeats = Repeats(items);
        items.AddRange(CatchItems());
        items.AddRange(repeats);
        return new HumanStudy
        {
            Id = id,
            Title = title,
            Model = pool.Model,
            LabelsFrom = pool.RunId,
            CreatedAt = at,
            Settings = settings,
            Labels = pool.Categories,
            Items = Number(items),
            Notes = [.. _notes],
        };
    }

    private StudyItem[] SetItems() =>
    [
        .. Enumerable.Range(1, pool.Categories.Length).SelectMany(n =>
            Draw(n == 1 ? "1 category" : $"{n} categories", f => f.FromSet && f.Labels.Length == n, settings.PerGroup)),
    ];

    private StudyItem[] RandomItems() =>
    [
        .. Draw("random, firing", f => !f.FromSet && f.Labels.Length > 0, settings.Random),
        .. Draw("random, silent", f => !f.FromSet && f.Labels.IsEmpty, settings.RandomSilent),
    ];

    private StudyItem[] Draw(string group, Func<LabelledFeature, bool> member, int count)
    {
        // Without texts there is nothing to judge by (paper: "after deduplication and filtering").
        LabelledFeature[] candidates = [.. pool.Features.Where(member).DistinctBy(f => f.Feature).Where(f => examplesOf(f.Feature).Count > 0)];
        ImmutableArray<LabelledFeature> drawn = BalancedDraw.Of(candidates, count, _random);
        if (drawn.Length < count)
            _notes.Add($"{group}: {drawn.Length} of {count}, there are no more with a text to show");
        return [.. drawn.Select(f => new StudyItem
        {
            Id = "",
            Kind = ItemKind.Feature,
            Feature = f.Feature,
            Group = group,
            Labels = f.Labels,
            Explanation = settings.ShowExplanations ? explanationOf?.Invoke(f.Feature) : null,
            Examples = [.. examplesOf(f.Feature).Take(settings.Examples)],
        })];
    }

    private StudyItem[] Repeats(List<StudyItem> items)
    {
        int[] places = [.. Enumerable.Range(0, items.Count)];
        _random.Shuffle<int>(places);
        return [.. places.Take(settings.Repeats).Select(i => items[i] with { Kind = ItemKind.Repeat, RepeatOf = $"{items[i].Feature}" })];
    }

    // "None" first, then each category in turn, so that a few trials already tell a careless annotator from a careful one.
    private IEnumerable<StudyItem> CatchItems()
    {
        Dictionary<string, Queue<string>> texts = new(StringComparer.Ordinal) { [HumanStudy.None] = Shuffled(harmless) };
        foreach (string category in pool.Categories)
            texts[category] = Shuffled(pool.Texts.Where(t => t.Category == category).Select(t => t.Text));
        string[] categories = [.. pool.Categories];
        _random.Shuffle<string>(categories);
        Queue<string> turns = new([HumanStudy.None, .. categories]);
        int made = 0;
        while (made < settings.CatchTrials && turns.TryDequeue(out string? label))
        {
            if (texts[label].Count < LeastCatchTexts)
                continue;
            turns.Enqueue(label);
            made++;
            bool none = label == HumanStudy.None;
            yield return new StudyItem
            {
                Id = "",
                Kind = ItemKind.Catch,
                Group = "catch trial",
                Labels = none ? [] : [label],
                Examples = [.. Take(texts[label], settings.Examples).Select(t => BlindExamples.Of(t, mayBeHarmful: !none))],
            };
        }
        if (made < settings.CatchTrials)
            _notes.Add($"catch trials: {made} of {settings.CatchTrials}, there are no more texts of known category");
    }

    private Queue<string> Shuffled(IEnumerable<string> texts)
    {
        string[] all = [.. texts.Where(t => !string.IsNullOrWhiteSpace(t)).Distinct(StringComparer.Ordinal)];
        _random.Shuffle<string>(all);
        return new Queue<string>(all);
    }

    private static IEnumerable<string> Take(Queue<string> texts, int count)
    {
        while (count-- > 0 && texts.TryDequeue(out string? text))
            yield return text;
    }

    // Ids follow a shuffle: their order must not tell which items are catch trials.
    private ImmutableArray<StudyItem> Number(List<StudyItem> items)
    {
        StudyItem[] shuffled = [.. items];
        _random.Shuffle<StudyItem>(shuffled);
        StudyItem[] numbered = [.. shuffled.Select((item, i) => item with { Id = string.Create(CultureInfo.InvariantCulture, $"c{i + 1}") })];
        Dictionary<string, string> idOf = numbered.Where(i => i.Kind == ItemKind.Feature).ToDictionary(i => $"{i.Feature}", i => i.Id);
        return [.. numbered.Select(i => i.RepeatOf is { } feature ? i with { RepeatOf = idOf[feature] } : i)];
    }
}
