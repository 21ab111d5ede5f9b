using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.Requests;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>A prompt as the model reads it.</summary>
/// <param name="Index">Its place in the selection.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Harmful">Whether it asks for harm.</param>
/// <param name="Ids">Its tokens, template included.</param>
public sealed record EncodedPrompt(int Index, AnalysisPrompt Prompt, bool Harmful, ImmutableArray<int> Ids)
{
    /// <summary>Its topic; "uncategorised" where it has none.</summary>
    public string Category => Prompt.Category ?? "uncategorised";

    /// <summary>Its data set; "prompts" where it has none.</summary>
    public string DataSet => Prompt.DataSet ?? "prompts";

    /// <summary>A row of it.</summary>
    public PromptRow Row(params IEnumerable<Intervention> edits) => new(Ids, InterventionSet.Of(edits));
}
