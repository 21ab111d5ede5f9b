using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Completions;

/// <summary>Prompts to go on with, all under the same edits: no baseline beside them.</summary>
public sealed record CompletionRequest
{
    /// <summary>A configured model's name, or the path of a checkpoint.</summary>
    public required string Model { get; init; }

    /// <summary>The prompts.</summary>
    public required ImmutableArray<PromptSource> Prompts { get; init; }

    /// <summary>Answers to each prompt; each draws from a stream of its own.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>The edits, in order.</summary>
    public ImmutableArray<ProbeIntervention> Interventions { get; init; } = [];

    /// <summary>Direction of edits along one: a stored id or a file's path; null: the model's default.</summary>
    public string? Direction { get; init; }

    /// <summary>Chat template preset; null: the model's own.</summary>
    public string? Template { get; init; }

    /// <summary>Whether BOS and the like are added before a text; a template's text has its own.</summary>
    public bool AddSpecial { get; init; } = true;

    /// <summary>How tokens are drawn; 0 new tokens: none are.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>Whether new tokens are cut to what the model's context has room for, instead of being refused.</summary>
    public bool FitContext { get; init; }

    /// <summary>Gives the prompt tokens' log-probabilities with this many of the most likely ones. Null: not given.</summary>
    public int? PromptChoices { get; init; }
}
