namespace RefusalExplorer.Engine.Saes;

/// <summary>How an SAE turns pre-activations into activations.</summary>
public enum SaeArchitecture
{
    /// <summary>relu(pre).</summary>
    Standard,

    /// <summary>1[x·W_enc + b_gate &gt; 0] · relu(x·(W_enc·e^r_mag) + b_mag).</summary>
    Gated,

    /// <summary>The k largest pre-activations of a token, then relu.</summary>
    TopK,

    /// <summary>relu(pre) · (pre &gt; threshold).</summary>
    JumpRelu,
}

/// <summary>How inputs are normalised before encoding (SAELens <c>normalize_activations</c>).</summary>
public enum SaeNormalization
{
    /// <summary>As they are. <c>expected_average_only_in</c> is here too: SAELens folds it into the weights and does not apply it at inference.</summary>
    None,

    /// <summary>Each token scaled to norm √d_in, its reconstruction scaled back.</summary>
    ConstantNormRescale,

    /// <summary>Each token to mean 0 and deviation 1, its reconstruction scaled back.</summary>
    LayerNorm,
}

/// <summary>The three readings of a LlamaScope checkpoint (FACTS: "SAEs"); loaders disagree, so it is a setting and part of every record.</summary>
public enum SaeGatingRule
{
    /// <summary>SAELens from 5.10.3: norm folded, gate pre &gt; t·s.</summary>
    SaeLens,

    /// <summary>SAELens up to 5.10.2: the same fold, gate pre &gt; t.</summary>
    SaeLens5102,

    /// <summary>OpenMOSS: decoder norms folded into the encoder, gate pre &gt; t.</summary>
    OpenMoss,
}

/// <summary>An SAE's form, whatever layout it was stored in.</summary>
public sealed record SaeConfig
{
    /// <summary>Activation rule.</summary>
    public required SaeArchitecture Architecture { get; init; }

    /// <summary>D, width of its input.</summary>
    public required int InputDim { get; init; }

    /// <summary>F, features.</summary>
    public required int Features { get; init; }

    /// <summary>The hook it reads (<c>blocks.8.hook_resid_post</c>), if the files say.</summary>
    public string? HookName { get; init; }

    /// <summary>0-based layer of that hook, if known.</summary>
    public int? Layer { get; init; }

    /// <summary>The model it was trained on, if the files say.</summary>
    public string? ModelName { get; init; }

    /// <summary>Layout it was read from: <c>SAELens</c>, <c>GemmaScope</c>, <c>GemmaScope2</c>, <c>LlamaScope</c>.</summary>
    public required string Layout { get; init; }

    /// <summary>Whether b_dec is subtracted from the input first.</summary>
    public bool AppliesDecoderBiasToInput { get; init; }

    /// <summary>Input normalisation.</summary>
    public SaeNormalization Normalization { get; init; }

    /// <summary>k of <see cref="SaeArchitecture.TopK"/>.</summary>
    public int? K { get; init; }

    /// <summary>
    /// Whether a token's k features are chosen by pre-activation times decoder norm (SAELens <c>rescale_acts_by_decoder_norm</c>, TopK only).
    /// </summary>
    public bool RescalesByDecoderNorm { get; init; }

    /// <summary>The gating rule in force, for LlamaScope.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary>Neuronpedia's id of this very SAE, if the files say.</summary>
    public string? NeuronpediaId { get; init; }
}
