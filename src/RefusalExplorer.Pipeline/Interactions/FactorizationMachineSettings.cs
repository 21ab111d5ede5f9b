namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>What Adam does with parameters whose gradient is zero in a step.</summary>
public enum AdamVariant
{
    /// <summary>Leaves them and their moments alone until they are used again (PyTorch's <c>SparseAdam</c>). The default: a step costs what the batch touches.</summary>
    Lazy,

    /// <summary>Decays their moments and moves them on by what momentum is left (PyTorch's <c>Adam</c> over dense parameters). A step costs all parameters.</summary>
    Dense,
}

/// <summary>
/// Training of a factorization machine. Embedding size, learning rate and epochs are the paper's; loss (binary cross-entropy with logits),
/// optimiser (Adam, β 0.9 and 0.999), batch size and initialisation are the field's usual ones, which the paper leaves unsaid.
/// </summary>
public sealed record FactorizationMachineSettings
{
    /// <summary>k, size of a feature's embedding; 0 leaves the linear part alone, which is logistic regression.</summary>
    public int EmbeddingSize { get; init; } = 20;

    /// <summary>Adam's step.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Passes over the training samples.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Samples in a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Adam's first decay.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's second decay.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Adam's ε.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Adam on unused parameters.</summary>
    public AdamVariant Adam { get; init; }

    /// <summary>Standard deviation of the embeddings at the start; linear weights and bias start at 0.</summary>
    public double InitialDeviation { get; init; } = 0.01;

    /// <summary>Seed of the initial embeddings and of the order of samples.</summary>
    public long Seed { get; init; }

    internal void Check()
    {
        if (EmbeddingSize is < 0 or > 1024 || Epochs < 1 || BatchSize < 1 || !(LearningRate > 0) || !(InitialDeviation >= 0))
        {
            throw new PipelineException(FormattableString.Invariant(
                $"factorization machine: embedding {EmbeddingSize}, {Epochs} epochs, batch {BatchSize}, learning rate {LearningRate}, initial deviation {InitialDeviation}; expected 0–1024, at least 1, at least 1, above 0 and at least 0"));
        }
    }
}
