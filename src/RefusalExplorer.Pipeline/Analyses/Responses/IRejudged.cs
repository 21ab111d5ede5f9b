using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.Analyses.Responses;

/// <summary>An analysis whose tables follow from its responses alone, so that a person's verdict changes them without running the model again.</summary>
public interface IRejudged
{
    /// <summary>Findings, charts and tables of judged responses.</summary>
    AnalysisOutput Describe(ImmutableArray<JudgedResponse> responses);
}
