using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>A trained machine or probe.</summary>
public sealed record MachineResult
{
    /// <summary>Features with an embedding.</summary>
    public required int Features { get; init; }

    /// <summary>Samples to train on, to choose the epoch by, and to test on.</summary>
    public required SampleCounts Samples { get; init; }

    /// <summary>Activations in all samples.</summary>
    public required long NonZeros { get; init; }

    /// <summary>All epochs.</summary>
    public required ImmutableArray<EpochMetrics> Curve { get; init; }

    /// <summary>The epoch that was kept.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>On the test samples.</summary>
    public required BinaryMetrics Test { get; init; }

    internal static MachineResult Of(InteractionDataset data, FactorizationMachineResult trained) => new()
    {
        Features = data.Features.Length,
        Samples = new SampleCounts(data.TrainCount, data.ValidationCount, data.TestCount),
        NonZeros = data.NonZeros,
        Curve = trained.Curve,
        BestEpoch = trained.BestEpoch,
        Test = trained.Test,
    };
}

/// <summary>Samples of a split.</summary>
/// <param name="Train">To train on.</param>
/// <param name="Validation">To choose the epoch by.</param>
/// <param name="Test">To test on.</param>
public sealed record SampleCounts(int Train, int Validation, int Test);

/// <summary>Stage 3 over all prompts.</summary>
public sealed record InteractionResult
{
    /// <summary>Prompts of each kind that the machine was trained, chosen and tested on.</summary>
    public required int PromptsOfEachKind { get; init; }

    /// <summary>Layers whose activations it saw.</summary>
    public required ImmutableArray<int> Layers { get; init; }

    /// <summary>The factorization machine.</summary>
    public required MachineResult Machine { get; init; }

    /// <summary>The linear probe, if asked for.</summary>
    public ProbeResult? Probe { get; init; }
}

/// <summary>The linear probe as a rival (paper, "Factorization Machines vs. Linear Probe").</summary>
/// <param name="Machine">How it was trained.</param>
/// <param name="Points">For each K how many prompts its top features flip.</param>
/// <param name="Flipped">Prompts that some K flips.</param>
/// <param name="Prompts">Prompts that it was tried on: those with a minimal set.</param>
public sealed record ProbeResult(MachineResult Machine, ImmutableArray<ProbePoint> Points, int Flipped, int Prompts);

/// <summary>One K of the probe.</summary>
/// <param name="K">Features ablated.</param>
/// <param name="Flipped">Prompts that it flips.</param>
/// <param name="MeanProbability">Mean P("I") over the prompts.</param>
public sealed record ProbePoint(int K, int Flipped, double MeanProbability);
