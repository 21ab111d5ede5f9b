namespace RefusalExplorer.Engine.Saes;

/// <summary>Factors between stored weights and the ones in force, applied as a slice or a block is read.</summary>
internal sealed record SaeFold
{
    /// <summary>Weights as they are.</summary>
    public static SaeFold None { get; } = new();

    public double W_enc { get; init; } = 1;

    public double b_enc { get; init; } = 1;

    public double W_dec { get; init; } = 1;

    public double b_dec { get; init; } = 1;

    /// <summary>Decoder rows to norm 1, their norms multiplied into W_enc and b_enc.</summary>
    public bool UnitDecoderRows { get; init; }
}

/// <summary>What a file calls the tensors; null where the architecture has none.</summary>
internal sealed record SaeTensorNames
{
    public string W_enc { get; init; } = nameof(W_enc);

    public string W_dec { get; init; } = nameof(W_dec);

    public string b_dec { get; init; } = nameof(b_dec);

    public string? b_enc { get; init; }

    public string? threshold { get; init; }

    public string? b_gate { get; init; }

    public string? b_mag { get; init; }

    public string? r_mag { get; init; }

    /// <summary>Matrices stored as PyTorch's linear layers have them: W_enc [F, D] and W_dec [D, F].</summary>
    public bool Transposed { get; init; }
}
