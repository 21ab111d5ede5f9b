using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Web.Tests.HumanStudies;

/// <summary>Studies to annotate.</summary>
internal static class Studies
{
    public static HumanStudy Small(string id = "s1", int items = 4, bool harmful = true) => new()
    {
        Id = id,
        Title = "Harm & <features>",
        Model = "demo",
        LabelsFrom = "run1",
        CreatedAt = new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero),
        Settings = new HumanStudySettings(),
        Labels = ["drugs", "fraud"],
        Items =
        [
            .. Enumerable.Range(1, items).Select(i => new StudyItem
            {
                Id = $"c{i}",
                Kind = i == items ? ItemKind.Catch : ItemKind.Feature,
                Feature = i == items ? null : new(16, 4242 + i),
                Group = i == items ? "catch trial" : "random, silent",
                Labels = ["fraud"],
                Examples =
                [
                    new BlindExample([new BlindToken("plain <b> "), new BlindToken("word", TokenMark.Strongest), new BlindToken(" after", TokenMark.Active)], true, false, false),
                    .. harmful ? (BlindExample[])[new BlindExample([new BlindToken("hidden", TokenMark.Strongest)], false, false, true)] : [],
                ],
            }),
        ],
    };
}
