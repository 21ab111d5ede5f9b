using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>Scores of one candidate direction (andyrdt/refusal_direction, <c>direction_evaluations.json</c>).</summary>
/// <param name="Position">Position from the prompt's end.</param>
/// <param name="Layer">Block whose input it was read at.</param>
/// <param name="Bypass">Mean refusal score on harmful prompts with the direction projected out; lower is better.</param>
/// <param name="Induce">Mean refusal score on harmless prompts with the raw vector added at its own layer; higher is better.</param>
/// <param name="Kl">Mean KL(baseline ‖ projected out) of the next token on harmless prompts, nats.</param>
public sealed record DirectionCandidate(int Position, int Layer, double Bypass, double Induce, double Kl);

/// <summary>Scores of all candidates, position by position from the first, layers ascending: what a heat map shows.</summary>
/// <param name="Candidates">The candidates.</param>
/// <param name="Layers">L of the model.</param>
/// <param name="BaselineHarmful">Mean refusal score on the harmful prompts without edits.</param>
/// <param name="BaselineHarmless">Mean refusal score on the harmless prompts without edits.</param>
public sealed record DirectionScores(
    ImmutableArray<DirectionCandidate> Candidates, int Layers, double BaselineHarmful, double BaselineHarmless);
