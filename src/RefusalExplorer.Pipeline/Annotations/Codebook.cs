using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>A label of a codebook.</summary>
/// <param name="Key">The key that gives it: one digit or letter, always the same.</param>
/// <param name="Name">As it is stored with annotations.</param>
/// <param name="Description">When to give it.</param>
/// <param name="Exclusive">Whether no other label goes with it (<c>None</c>).</param>
public sealed record CodebookLabel(string Key, string Name, string Description = "", bool Exclusive = false);

/// <summary>The labels that annotators choose from.</summary>
public sealed record Codebook
{
    /// <summary>Most labels.</summary>
    public const int MostLabels = 26;

    /// <summary>Longest name of a label.</summary>
    public const int LongestName = 60;

    /// <summary>Letters that pages need for themselves.</summary>
    public const string TakenLetters = "acejknrux";

    /// <summary>The labels, in the order shown.</summary>
    public required ImmutableArray<CodebookLabel> Labels { get; init; }

    /// <summary>The groups that the paper's authors sorted features into by their explanations (Tables 7, 8, 10 and 11).</summary>
    public static Codebook Paper { get; } = new()
    {
        Labels =
        [
            new("1", "Punctuation", "Punctuation marks, brackets, line breaks, special tokens"),
            new("2", "Programming", "Code, markup, identifiers, syntax of programming languages"),
            new("3", "Harm/Violence/Safety", "Violence, weapons, crime, danger, warnings, safety"),
            new("4", "Sexual themes", "Sexual content, bodies, sexuality"),
            new("5", "Morality", "Right and wrong, ethics, virtue, religious commands"),
            new("6", "Support/Guidance", "Help, advice, instructions, encouragement: aligned with helpfulness"),
            new("7", "Uncertainty", "Doubt, hedging, hesitation, ambiguity"),
            new("8", "Legal", "Law, courts, regulations, contracts, rights"),
            new("9", "Social issues", "Immigration, indigenous rights, discrimination, politics"),
            new("s", "Scam/Fraud", "Deception, scams, financial fraud"),
            new("m", "Misc.", "A clear concept of none of these groups"),
            new("0", "None", "No pattern to be seen", Exclusive: true),
        ],
    };

    /// <summary>The label of a key, or null.</summary>
    public CodebookLabel? ByKey(string key) => Labels.FirstOrDefault(l => l.Key == key);

    /// <summary>The labels after one was given or taken back: an exclusive one stands alone. They keep the codebook's order.</summary>
    public ImmutableArray<string> Toggle(ImmutableArray<string> labels, CodebookLabel label)
    {
        if (labels.Contains(label.Name))
            return labels.Remove(label.Name);
        if (label.Exclusive)
            return [label.Name];
        HashSet<string> exclusive = [.. Labels.Where(l => l.Exclusive).Select(l => l.Name)];
        ImmutableArray<string> all = labels.RemoveAll(exclusive.Contains).Add(label.Name);
        return [.. all.OrderBy(name => Labels.Select(l => l.Name).ToList().IndexOf(name) is >= 0 and int at ? at : int.MaxValue)];
    }

    /// <summary>Throws where a label has no name or key, or two share one.</summary>
    /// <exception cref="PipelineException">One line says which label, and what was expected.</exception>
    public void Validate()
    {
        if (Labels.Length is 0 or > MostLabels)
            throw new PipelineException($"codebook: {Labels.Length} labels; expected 1 to {MostLabels}");
        foreach (CodebookLabel label in Labels)
        {
            if (label.Name.Trim() != label.Name || label.Name.Length is 0 or > LongestName)
                throw new PipelineException($"codebook, label '{label.Name}': expected a name of 1 to {LongestName} characters without blanks at its ends");
            if (label.Key.Length != 1 || !(char.IsAsciiDigit(label.Key[0]) || char.IsAsciiLetterLower(label.Key[0])) || TakenLetters.Contains(label.Key[0]))
                throw new PipelineException($"codebook, label '{label.Name}': its key is '{label.Key}'; expected a digit or a small letter other than {string.Join(' ', TakenLetters.ToCharArray())}");
        }
        foreach ((string what, Func<CodebookLabel, string> of) in new (string, Func<CodebookLabel, string>)[] { ("key", l => l.Key), ("name", l => l.Name.ToUpperInvariant()) })
        {
            if (Labels.GroupBy(of).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new PipelineException($"codebook: the labels {string.Join(" and ", twice.Select(l => $"'{l.Name}'"))} have the same {what}; expected each once");
        }
    }
}
