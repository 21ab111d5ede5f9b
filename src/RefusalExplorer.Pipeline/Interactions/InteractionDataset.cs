using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>Samples of SAE activations with labels (1 harmful, 0 harmless), split by prompt. Made by <see cref="InteractionDatasetBuilder"/>.</summary>
public sealed class InteractionDataset
{
    internal InteractionDataset(
        ImmutableArray<FeatureId> features, SparseRows train, SparseRows validation, SparseRows test, InteractionDatasetSettings settings)
    {
        (Features, Train, Validation, Test, Settings) = (features, train, validation, test, settings);
    }

    /// <summary>The columns, ascending: features that are active in at least one training sample. Others cannot be learned about and are left out.</summary>
    public ImmutableArray<FeatureId> Features { get; }

    /// <summary>How it was made.</summary>
    public InteractionDatasetSettings Settings { get; }

    /// <summary>Samples to train on.</summary>
    public int TrainCount => Train.Count;

    /// <summary>Samples to choose the epoch by.</summary>
    public int ValidationCount => Validation.Count;

    /// <summary>Samples to test on.</summary>
    public int TestCount => Test.Count;

    /// <summary>Activations in all samples.</summary>
    public long NonZeros => Train.NonZeros + Validation.NonZeros + Test.NonZeros;

    internal SparseRows Train { get; }

    internal SparseRows Validation { get; }

    internal SparseRows Test { get; }
}
