using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.EndToEnd.Tests.HumanStudies;

/// <summary>A study of the demo's categories with texts of every kind.</summary>
internal static class ExampleStudy
{
    private static readonly string[] Labels =
        ["theft and fraud", "weapons and violence", "cybercrime", "harassment and hate", "public harm", "abuse and self-harm", "misinformation", "drugs"];

    public static HumanStudy Of(string id, int cards) => new()
    {
        Id = id,
        Title = "What do these features stand for?",
        Model = "demo",
        LabelsFrom = "run",
        CreatedAt = DateTimeOffset.UtcNow,
        Settings = new HumanStudySettings(),
        Labels = [.. Labels],
        Notes = ["3 categories: 1 of 10, there are no more with a text to show"],
        Items = [.. Enumerable.Range(1, cards).Select(i => Item(i, i == cards))],
    };

    private static StudyItem Item(int i, bool catchTrial) => new()
    {
        Id = $"c{i}",
        Kind = catchTrial ? ItemKind.Catch : ItemKind.Feature,
        Feature = catchTrial ? null : new(16, 1000 + i),
        Group = catchTrial ? "catch trial" : i % 4 == 0 ? "random, silent" : i % 3 == 0 ? "2 categories" : "1 category",
        Labels = i % 4 == 0 && !catchTrial ? [] : i % 3 == 0 ? [Labels[i % 8], Labels[(i + 3) % 8]] : [Labels[i % 8]],
        Examples =
        [
            Text("The baker sold a counterfeit banknote to a customer who had paid with a real one, and the till never balanced again.", "counterfeit", "banknote", false),
            Text("A very long word follows: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, and it has to break.", "word", "break", false),
            Text("This text is hidden at first because it may be harmful.", "hidden", "harmful", true),
        ],
    };

    private static BlindExample Text(string text, string strongest, string active, bool harmful) => new(
        [.. text.Split(' ').Select((word, i) => new BlindToken(
            (i == 0 ? "" : " ") + word,
            word.StartsWith(strongest, StringComparison.Ordinal) ? TokenMark.Strongest : word.StartsWith(active, StringComparison.Ordinal) ? TokenMark.Active : TokenMark.Plain))],
        true, false, harmful);
}
