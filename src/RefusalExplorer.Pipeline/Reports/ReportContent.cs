using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Reports;

/// <summary>What a report is made of.</summary>
public sealed record ReportContent
{
    /// <summary>Heading.</summary>
    public required string Title { get; init; }

    /// <summary>UTC time of its making.</summary>
    public required DateTimeOffset MadeAt { get; init; }

    /// <summary>What the study found, or null where there is none.</summary>
    public StudyResult? Study { get; init; }

    /// <summary>The study's prompts.</summary>
    public ImmutableArray<PromptResult> Prompts { get; init; } = [];

    /// <summary>Analyses, in any order; of several of one kind the last counts.</summary>
    public ImmutableArray<AnalysisResult> Analyses { get; init; } = [];

    /// <summary>Whether prompts and responses are written out. They may be harmful.</summary>
    public bool IncludeText { get; init; }
}
