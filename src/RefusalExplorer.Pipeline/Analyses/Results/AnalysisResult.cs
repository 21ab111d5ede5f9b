using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.Results;

/// <summary>A generated response with every judge's opinion.</summary>
public sealed record JudgedResponse
{
    /// <summary>Which arm (<c>baseline</c>, <c>features</c>, …).</summary>
    public required string Arm { get; init; }

    /// <summary>The prompt. It may be harmful.</summary>
    public required string Prompt { get; init; }

    /// <summary>Its topic, or null.</summary>
    public string? Category { get; init; }

    /// <summary>Its data set.</summary>
    public string DataSet { get; init; } = "";

    /// <summary>Whether it asks for harm.</summary>
    public bool Harmful { get; init; }

    /// <summary>The response. It may be harmful.</summary>
    public required string Text { get; init; }

    /// <summary>P(refusal tokens) at the prompt's last token.</summary>
    public double RefusalProbability { get; init; }

    /// <summary>The panel's verdict, a person's if there is one.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>All opinions.</summary>
    public ImmutableArray<Verdict> Opinions { get; init; } = [];
}

/// <summary>What an analysis found: numbers first, then how to look at them.</summary>
public sealed record AnalysisOutput
{
    /// <summary>The findings as sentences with numbers.</summary>
    public ImmutableArray<string> Findings { get; init; } = [];

    /// <summary>Charts.</summary>
    public ImmutableArray<AnalysisChart> Charts { get; init; } = [];

    /// <summary>Tables: all numbers behind the charts.</summary>
    public ImmutableArray<AnalysisTable> Tables { get; init; } = [];

    /// <summary>Generated responses, where the analysis generates.</summary>
    public ImmutableArray<JudgedResponse> Responses { get; init; } = [];

    /// <summary>Layers whose SAE was used, for the record.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];
}

/// <summary>A finished analysis, with all that reproduces it.</summary>
public sealed record AnalysisResult
{
    /// <summary>Id of the run.</summary>
    public required string RunId { get; init; }

    /// <summary>Id of the analysis in the catalog.</summary>
    public required string Analysis { get; init; }

    /// <summary>The request with prompts, feature sets and settings written out: running it again gives the same numbers.</summary>
    public required AnalysisRequest Request { get; init; }

    /// <summary>What it found.</summary>
    public required AnalysisOutput Output { get; init; }

    /// <summary>Model, weights, SAEs, device, versions.</summary>
    public required RunRecord Record { get; init; }
}
