using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Datasets;

/// <summary>A prompt with what its file says of it.</summary>
public sealed record DatasetItem
{
    /// <summary>The prompt, without blanks at its ends.</summary>
    public required string Instruction { get; init; }

    /// <summary>Its topic, or null.</summary>
    public string? Category { get; init; }

    /// <summary>Whether it asks for harm, or null where the file does not say.</summary>
    public bool? Harmful { get; init; }

    /// <summary>HarmBench's context, which its contextual behaviours refer to, or null.</summary>
    public string? Context { get; init; }

    /// <summary>The beginning of an answer that attacks aim at (AdvBench), or the reference answer (Alpaca), or null.</summary>
    public string? Target { get; init; }

    /// <summary>The file's own id, or null.</summary>
    public string? Id { get; init; }

    /// <summary>The other columns.</summary>
    public ImmutableDictionary<string, string> Extras { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The file it came from.</summary>
    public required string File { get; init; }

    /// <summary>1-based line that it begins at.</summary>
    public required long Line { get; init; }
}

/// <summary>A row that could not be read.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">1-based line that it begins at.</param>
/// <param name="Expected">What should have been there.</param>
/// <param name="Found">What was there.</param>
public sealed record BrokenRow(string File, long Line, string Expected, string Found)
{
    /// <summary>One line for logs and pages.</summary>
    public override string ToString() => $"{File}:{Line}: expected {Expected}, found {Found}";
}

/// <summary>What a prompt file holds. Rows = Items + Broken + Filtered + Duplicates + Beyond + OtherKind.</summary>
public sealed record PromptDataset
{
    /// <summary>What was asked for.</summary>
    public required PromptSetSpec Spec { get; init; }

    /// <summary>How the rows were laid out.</summary>
    public required DatasetFormat Format { get; init; }

    /// <summary>The prompts.</summary>
    public required ImmutableArray<DatasetItem> Items { get; init; }

    /// <summary>Rows that could not be read; the first <see cref="BrokenKept"/> of them.</summary>
    public ImmutableArray<BrokenRow> Broken { get; init; } = [];

    /// <summary>Rows that could not be read, all of them.</summary>
    public int BrokenCount { get; init; }

    /// <summary>Rows that the format or <see cref="PromptSetSpec.Where"/> leaves out.</summary>
    public int Filtered { get; init; }

    /// <summary>Rows whose prompt occurred before.</summary>
    public int Duplicates { get; init; }

    /// <summary>Rows that the limit cut; rows after it are not read where the order is the file's, and not counted.</summary>
    public int Beyond { get; init; }

    /// <summary>Rows left out because they ask for harm where those that do not are wanted, or the other way round.</summary>
    public int OtherKind { get; init; }

    /// <summary>Broken rows that are kept with their text.</summary>
    public const int BrokenKept = 1000;

    private const int BrokenShown = 20;

    /// <summary>What was left out and why, a line each; empty where nothing was.</summary>
    public ImmutableArray<string> Notes => Filtered + Duplicates + BrokenCount + OtherKind == 0 ? [] : [Summary, .. Broken.Take(BrokenShown).Select(row => row.ToString())];

    /// <summary>"857 prompts; 10 duplicates and 4 broken rows left out".</summary>
    public string Summary
    {
        get
        {
            (int Count, string What)[] left = [(Filtered, "filtered"), (Duplicates, "duplicate"), (BrokenCount, "broken"), (Beyond, "beyond the limit"), (OtherKind, "of the other kind (safe or unsafe)")];
            string[] named = [.. left.Where(l => l.Count > 0).Select(l => $"{l.Count} {l.What}")];
            return named.Length == 0 ? $"{Items.Length} prompts" : $"{Items.Length} prompts; rows left out: {string.Join(", ", named)}";
        }
    }

    /// <summary>
    /// The rows for one use. A file may hold prompts of both kinds and say so (XSTest: half of it is safe, half is not); only then are those of the
    /// other kind left out, for a file of one kind was chosen on purpose.
    /// </summary>
    /// <param name="harmful">Whether prompts that ask for harm are wanted, or those that do not.</param>
    public PromptDataset For(bool harmful)
    {
        if (Items.All(i => i.Harmful != true) || Items.All(i => i.Harmful != false))
            return this;
        ImmutableArray<DatasetItem> fit = [.. Items.Where(i => i.Harmful != !harmful)];
        return this with { Items = fit, OtherKind = OtherKind + Items.Length - fit.Length };
    }

    /// <summary>The prompts as pages pick from them; blurred unless every one is known to be harmless.</summary>
    public PromptSet ToPromptSet(string name) =>
        new(name, Items.Any(i => i.Harmful != false), [.. Items.Select(i => new PromptItem(i.Instruction, i.Category))]);
}
