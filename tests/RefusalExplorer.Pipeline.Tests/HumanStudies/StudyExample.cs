using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

/// <summary>A pool of features of three categories, and studies of it.</summary>
internal static class StudyExample
{
    public static readonly string[] Categories = ["drugs", "fraud", "violence"];

    public static DateTimeOffset At { get; } = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    /// <summary>8 features of each single category, 6 of each pair, 9 of all three; 12 random ones that fire, 5 that do not.</summary>
    public static TaxonomyPool Pool { get; } = new()
    {
        RunId = "run1",
        Model = "demo",
        Categories = [.. Categories],
        Features =
        [
            .. Set(0, 8, "drugs"), .. Set(10, 8, "fraud"), .. Set(20, 8, "violence"), .. Set(30, 6, "drugs", "fraud"), .. Set(40, 6, "fraud", "violence"),
            .. Set(50, 9, Categories), .. Random(60, 12, "drugs"), .. Random(80, 5),
        ],
        Texts = [.. Categories.SelectMany(c => Enumerable.Range(0, 12).Select(i => new KnownText($"text {i} about {c}", c)))],
    };

    public static string[] Harmless { get; } = [.. Enumerable.Range(0, 12).Select(i => $"how do I cook dish {i}?")];

    public static HumanStudy Study(HumanStudySettings? settings = null, TaxonomyPool? pool = null, Func<FeatureId, IReadOnlyList<BlindExample>>? examples = null) =>
        new HumanStudyBuilder(pool ?? Pool, settings ?? new HumanStudySettings { PerGroup = 4, Random = 5, RandomSilent = 2, Seed = 7 }, examples ?? Examples, Harmless)
            .Build("s1", "A study", At);

    public static IReadOnlyList<BlindExample> Examples(FeatureId feature) =>
        [.. Enumerable.Range(0, 8).Select(i => BlindExamples.Of($"{feature} fires here {i}", mayBeHarmful: false))];

    private static IEnumerable<LabelledFeature> Set(int first, int count, params string[] labels) =>
        Enumerable.Range(first, count).Select(i => new LabelledFeature(new FeatureId(3, i), true, [.. labels]));

    private static IEnumerable<LabelledFeature> Random(int first, int count, params string[] labels) =>
        Enumerable.Range(first, count).Select(i => new LabelledFeature(new FeatureId(4, i), false, [.. labels]));
}
