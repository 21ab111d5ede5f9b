namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>How the recorded tokens of a prompt become samples. The paper records the last four and does not say.</summary>
public enum TokenPooling
{
    /// <summary>Each token is a sample with its prompt's label. The default: features interact where they fire on the same token.</summary>
    Separate,

    /// <summary>One sample a prompt: the largest activation over its tokens.</summary>
    Max,

    /// <summary>One sample a prompt: the mean activation over its tokens, those where the feature is silent included.</summary>
    Mean,
}

/// <summary>How activations are scaled. The paper does not say.</summary>
public enum ActivationScaling
{
    /// <summary>Each feature divided by its largest activation in the training samples. The default: thousands of features with activations in the
    /// tens make logits so large that a step of 1e-3 overshoots.</summary>
    FeatureMaximum,

    /// <summary>As the SAE gives them.</summary>
    None,
}

/// <summary>How samples are made and split; the shares are the paper's (appendix, "Dataset for training Factorization Machines").</summary>
public sealed record InteractionDatasetSettings
{
    /// <summary>Tokens of each prompt that count, from its end.</summary>
    public int LastTokens { get; init; } = 4;

    /// <summary>How they become samples.</summary>
    public TokenPooling Pooling { get; init; }

    /// <summary>How activations are scaled.</summary>
    public ActivationScaling Scaling { get; init; }

    /// <summary>Share of prompts to train on.</summary>
    public double TrainShare { get; init; } = 0.8;

    /// <summary>Share of prompts to choose the epoch by; the rest is the test set.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Seed of the split.</summary>
    public long Seed { get; init; }
}
