using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>One epoch of the training curve.</summary>
/// <param name="Epoch">1-based.</param>
/// <param name="TrainLoss">Mean binary cross-entropy over the epoch's samples, as met while training.</param>
/// <param name="ValidationLoss">Mean binary cross-entropy on the validation samples after the epoch.</param>
/// <param name="Validation">Metrics on the validation samples after the epoch.</param>
public sealed record EpochMetrics(int Epoch, double TrainLoss, double ValidationLoss, BinaryMetrics Validation);

/// <summary>A trained machine.</summary>
/// <param name="Model">The parameters after the best epoch.</param>
/// <param name="Curve">All epochs.</param>
/// <param name="BestEpoch">The epoch with the highest validation accuracy, of equals the one with the lowest validation loss.</param>
/// <param name="Test">Metrics of that epoch's parameters on the test samples.</param>
public sealed record FactorizationMachineResult(
    FactorizationMachine Model, ImmutableArray<EpochMetrics> Curve, int BestEpoch, BinaryMetrics Test);
