namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>How a human study's items are picked. The defaults are the paper's, but for explanations: who reads one judges it and not the texts, so they are shown only if asked for.</summary>
public sealed record HumanStudySettings
{
    /// <summary>Seed of the draws and of every annotator's order.</summary>
    public long Seed { get; init; }

    /// <summary>Features of the set for each number of categories that they fire on.</summary>
    public int PerGroup { get; init; } = 10;

    /// <summary>Random features that fire on some category.</summary>
    public int Random { get; init; } = 23;

    /// <summary>Random features that fire on none.</summary>
    public int RandomSilent { get; init; } = 7;

    /// <summary>Texts shown of a feature, those it fires on most strongly.</summary>
    public int Examples { get; init; } = 5;

    /// <summary>Catch trials.</summary>
    public int CatchTrials { get; init; } = 5;

    /// <summary>Features shown twice.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>A feature has a category's activation label if it fires on more than this share of its prompts; null: as the taxonomy run had it.</summary>
    public double? LeastShare { get; init; }

    /// <summary>Whether annotators see what a feature was said to stand for, where that is known.</summary>
    public bool ShowExplanations { get; init; }

    /// <summary>Throws where a number makes no sense.</summary>
    /// <exception cref="PipelineException">One line says which.</exception>
    public void Validate()
    {
        foreach ((string name, int value, int least, int most) in new[]
        {
            ("features per group", PerGroup, 0, 1000), ("random features", Random, 0, 1000), ("silent random features", RandomSilent, 0, 1000),
            ("texts of a feature", Examples, 1, 16), ("catch trials", CatchTrials, 0, 100), ("repeated features", Repeats, 0, 100),
        })
        {
            if (value < least || value > most)
                throw new PipelineException($"human study, {name}: {value}; expected {least} to {most}");
        }
        if (LeastShare is { } share && !(share >= 0 && share < 1))
            throw new PipelineException($"human study, least share: {share}; expected 0 or more, and less than 1");
    }
}
