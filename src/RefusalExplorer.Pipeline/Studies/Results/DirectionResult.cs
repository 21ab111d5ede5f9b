using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Directions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>The direction of a study and how it was chosen.</summary>
public sealed record DirectionResult
{
    /// <summary>Fingerprint of hook, position and vector.</summary>
    public required string Id { get; init; }

    /// <summary>Hook that it was read at.</summary>
    public required string Hook { get; init; }

    /// <summary>Position that it was read at, from the prompt's end.</summary>
    public required int Position { get; init; }

    /// <summary>The vector [D], not normalised.</summary>
    public required ImmutableArray<float> Vector { get; init; }

    /// <summary>Its length.</summary>
    public required double Norm { get; init; }

    /// <summary>How it was made, one line.</summary>
    public required string Source { get; init; }

    /// <summary>End-of-instruction tokens of the template; 0 where the direction was imported.</summary>
    public int EndOfInstruction { get; init; }

    /// <summary>Prompts that the means are over, and that the scores are over.</summary>
    public DirectionPrompts? Prompts { get; init; }

    /// <summary>Scores of the candidates, if they were scored.</summary>
    public DirectionScores? Scores { get; init; }

    /// <summary>Why each candidate was discarded, in the order of the scores.</summary>
    public ImmutableArray<DiscardReason> Discarded { get; init; } = [];

    /// <summary>Attack success rate by layer, if that selector ran; not numbers where there is no direction.</summary>
    public ImmutableArray<double> AttackSuccessRates { get; init; } = [];

    /// <summary>The block whose input it was read at.</summary>
    public int Block => RefusalDirection.BlockOf(Hook);

    internal static DirectionResult Of(RefusalDirection direction) => new()
    {
        Id = direction.Id,
        Hook = direction.HookName,
        Position = direction.Position,
        Vector = direction.Vector,
        Norm = direction.Norm,
        Source = direction.Source,
    };

    internal RefusalDirection ToDirection() => RefusalDirection.Create(Vector, Hook, Position, Source);
}

/// <summary>Prompts that a direction rests on, after filtering.</summary>
/// <param name="HarmfulTrain">For the mean.</param>
/// <param name="HarmlessTrain">For the mean.</param>
/// <param name="HarmfulVal">For the scores.</param>
/// <param name="HarmlessVal">For the scores.</param>
/// <param name="Dropped">Left out because the model did not do with them what their set says.</param>
public sealed record DirectionPrompts(int HarmfulTrain, int HarmlessTrain, int HarmfulVal, int HarmlessVal, int Dropped);
