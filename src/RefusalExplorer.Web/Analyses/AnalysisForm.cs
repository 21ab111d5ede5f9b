using System.Collections.Immutable;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Where a feature set comes from.</summary>
public enum SetSource
{
    /// <summary>The top features of each layer by cosine to the refusal direction.</summary>
    Suggested,

    /// <summary>Features that the user pasted.</summary>
    Pasted,

    /// <summary>A study.</summary>
    Study,

    /// <summary>A link of the Explore page.</summary>
    Explore,

    /// <summary>The sets of an earlier analysis.</summary>
    Run,
}

/// <summary>Which of a study's sets.</summary>
public enum StudySet
{
    /// <summary>Stage 2, each prompt its own minimal set.</summary>
    Minimal,

    /// <summary>Stage 2, the features of all minimal sets for every prompt.</summary>
    MinimalOfAll,

    /// <summary>Stage 3, each prompt its own added features.</summary>
    Added,

    /// <summary>Stage 3, all added features for every prompt.</summary>
    AddedOfAll,
}

/// <summary>A feature set as it is chosen.</summary>
public sealed record SetChoice
{
    /// <summary>Where it comes from.</summary>
    public SetSource Source { get; init; }

    /// <summary>The pasted features, the link, the study's id or the run's id.</summary>
    public string Text { get; init; } = "";

    /// <summary>Suggested features a layer.</summary>
    public int TopK { get; init; } = 5;

    /// <summary>Which of a study's sets.</summary>
    public StudySet Set { get; init; }
}

/// <summary>Where prompts come from.</summary>
public enum PromptOrigin
{
    /// <summary>An embedded set; without a name the analysis' own.</summary>
    Set,

    /// <summary>One a line.</summary>
    Own,

    /// <summary>A file on the machine that the dashboard runs on.</summary>
    File,

    /// <summary>The prompts of the study that the first set comes from.</summary>
    Study,

    /// <summary>The prompts of an earlier analysis.</summary>
    Run,
}

/// <summary>Prompts as they are chosen.</summary>
public sealed record PromptChoice
{
    /// <summary>Where they come from.</summary>
    public PromptOrigin Origin { get; init; }

    /// <summary>The set's name, the lines, the path, or the run's id.</summary>
    public string Value { get; init; } = "";

    /// <summary>Prompts to take; null: the analysis' own number of a set, all of the others.</summary>
    public int? Take { get; init; }
}

/// <summary>Everything that the form of an analysis holds; its defaults run on the demo model as it is.</summary>
public sealed record AnalysisForm
{
    /// <summary>A configured model's name.</summary>
    public string Model { get; init; } = "demo";

    /// <summary>The set.</summary>
    public SetChoice First { get; init; } = new();

    /// <summary>The set that it is compared with.</summary>
    public SetChoice Second { get; init; } = new();

    /// <summary>Prompts that ask for harm.</summary>
    public PromptChoice Harmful { get; init; } = new();

    /// <summary>Prompts that do not.</summary>
    public PromptChoice Harmless { get; init; } = new();

    /// <summary>Tokens on which features are edited.</summary>
    public string Scope { get; init; } = "allButFirst";

    /// <summary>Most new tokens of a response.</summary>
    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Seed of everything random.</summary>
    public int Seed { get; init; }

    /// <summary>Settings that differ from their default, as they were entered.</summary>
    public ImmutableSortedDictionary<string, string> Settings { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
