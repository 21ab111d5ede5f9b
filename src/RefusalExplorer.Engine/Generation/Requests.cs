using System.Collections.Immutable;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Engine.Generation;

/// <summary>One row of a batch: a prompt and the edits under which it runs.</summary>
/// <param name="Tokens">Token ids, BOS included where the model has one.</param>
/// <param name="Interventions">The edits of this row alone.</param>
public sealed record PromptRow(ImmutableArray<int> Tokens, InterventionSet Interventions)
{
    /// <summary>A row without edits.</summary>
    public static PromptRow Plain(IEnumerable<int> tokens) => new([.. tokens], InterventionSet.Empty);
}

/// <summary>What a forward pass keeps. Everything comes back as CPU arrays.</summary>
public sealed record CaptureSpec
{
    /// <summary>Logits at every position, [T, V], instead of the last only.</summary>
    public bool AllLogits { get; init; }

    /// <summary>Residual stream at every position: L + 1 arrays [T, D]; l is the input of block l, L the last block's output.</summary>
    public bool Residuals { get; init; }

    /// <summary>Residual stream at the last <see cref="LastResiduals"/> positions only: L + 1 arrays [n, D]. 0: none.</summary>
    public int LastResiduals { get; init; }

    /// <summary>Activations of these features at every position (as seen before this pass edits them).</summary>
    public ImmutableArray<FeatureId> Features { get; init; } = [];

    /// <summary>Cosine of the last token's residual to this vector [D], one value for each of the L + 1 residuals.</summary>
    public ImmutableArray<float>? CosineTo { get; init; }

    /// <summary>Probability of the refusal tokens read off each residual of the last token by the final norm and the unembedding.</summary>
    public bool LogitLens { get; init; }

    /// <summary>Layers whose whole SAE is encoded: every non-zero activation, before the layer's own edit.</summary>
    public ImmutableArray<int> ActiveLayers { get; init; } = [];

    /// <summary>Tokens of <see cref="ActiveLayers"/>, from the row's end. 0: all.</summary>
    public int ActiveTokens { get; init; }

    /// <summary>−log p of every token but the first, given those before it.</summary>
    public bool TokenLosses { get; init; }

    /// <summary>Log-probability of every token but the first given those before it, with this many of the most likely ones beside it. Null: not kept.</summary>
    public int? Choices { get; init; }

    /// <summary>The last position's logits alone.</summary>
    public static CaptureSpec LastLogits { get; } = new();
}

/// <summary>What a forward pass gave for one row.</summary>
public sealed record ForwardResult
{
    /// <summary>Logits at the last position, [V].</summary>
    public required float[] LastLogits { get; init; }

    /// <summary>Logits at every position, row-major [T, V], if asked for.</summary>
    public float[]? AllLogits { get; init; }

    /// <summary>Residual stream, if asked for: L + 1 arrays, row-major [T, D] (or the last n positions).</summary>
    public float[][]? Residuals { get; init; }

    /// <summary>Activations by feature, [T] each, before this row's own edit of the layer.</summary>
    public IReadOnlyDictionary<FeatureId, float[]> Features { get; init; } = ImmutableDictionary<FeatureId, float[]>.Empty;

    /// <summary>Cosine by layer, L + 1 values, if asked for.</summary>
    public float[]? Cosine { get; init; }

    /// <summary>P(refusal tokens) by layer, L + 1 values, if asked for.</summary>
    public float[]? LogitLens { get; init; }

    /// <summary>Every non-zero activation by layer, if asked for.</summary>
    public IReadOnlyDictionary<int, SparseActivations> Active { get; init; } = ImmutableDictionary<int, SparseActivations>.Empty;

    /// <summary>−log p in nats, [T − 1]: entry t is the loss of token t + 1; if asked for.</summary>
    public float[]? TokenLosses { get; init; }

    /// <summary>[T − 1], if asked for: entry t is how likely token t + 1 was.</summary>
    public ImmutableArray<TokenChoice> Choices { get; init; } = [];

    /// <summary>What the edits did, one entry for each edited feature.</summary>
    public ImmutableArray<FeatureEffect> Effects { get; init; } = [];
}

/// <summary>A token's log-probability (natural), in float64.</summary>
public readonly record struct TokenLogProb(int Id, double LogProb);

/// <summary>How likely a token was where it stands.</summary>
/// <param name="Token">The token that is there.</param>
/// <param name="Top">The most likely tokens at that place, most likely first. Where the token is one of them, its number is the same to the bit.</param>
public sealed record TokenChoice(TokenLogProb Token, ImmutableArray<TokenLogProb> Top);

/// <summary>Proof that an edit bit.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="TokensTouched">Tokens in scope whose activation changed.</param>
/// <param name="MaxBefore">Largest activation before the edit over the tokens in scope, and over these alone; 0 where there is none.</param>
/// <param name="MaxAfter">The same after it: negative where the edit leaves negative values on all tokens in scope.</param>
/// <param name="DeltaNorm">‖Δh‖ over all touched tokens, √Σ‖(z′ − z)·d‖².</param>
public sealed record FeatureEffect(FeatureId Feature, int TokensTouched, double MaxBefore, double MaxAfter, double DeltaNorm)
{
    /// <summary>Whether the edit changed anything.</summary>
    public bool HadEffect => TokensTouched > 0;

    /// <summary>
    /// What edits did over stretches of tokens; a feature that is in one alone did there what it did. A maximum over no token at all, −∞ in a
    /// stretch, is 0 in the end.
    /// </summary>
    internal static ImmutableArray<FeatureEffect> Together(params ImmutableArray<FeatureEffect>[] stretches) => stretches.Where(s => !s.IsEmpty).ToArray() switch
    {
        [] => [],
        // Thousands of features on every forward pass: nothing is grouped where there is nothing to add up.
        [var only] => [.. only.Select(Settled)],
        var several => [.. from e in several.SelectMany(s => s)
                           group e by e.Feature into all
                           select Settled(all.Aggregate((a, b) => new FeatureEffect(
                               a.Feature, a.TokensTouched + b.TokensTouched, Math.Max(a.MaxBefore, b.MaxBefore), Math.Max(a.MaxAfter, b.MaxAfter),
                               Math.Sqrt((a.DeltaNorm * a.DeltaNorm) + (b.DeltaNorm * b.DeltaNorm)))))],
    };

    private static FeatureEffect Settled(FeatureEffect effect) => double.IsNegativeInfinity(effect.MaxBefore) || double.IsNegativeInfinity(effect.MaxAfter)
        ? effect with { MaxBefore = Settled(effect.MaxBefore), MaxAfter = Settled(effect.MaxAfter) }
        : effect;

    private static double Settled(double maximum) => double.IsNegativeInfinity(maximum) ? 0 : maximum;
}

/// <summary>What the pass over a prompt gives before the first token is drawn.</summary>
/// <param name="Row">0-based row of the batch.</param>
/// <param name="Logits">[V], at the prompt's last token.</param>
/// <param name="Cosine">[L + 1]: cosine of the last token's residual to <see cref="GenerationOptions.CosineTo"/>, or null.</param>
public sealed record FirstPass(int Row, float[] Logits, float[]? Cosine);

/// <summary>How tokens are drawn.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens to generate.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Nucleus: least set of tokens with this mass. 1: all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Most likely tokens kept. 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Seed of the sampler; each row draws from its own stream.</summary>
    public int Seed { get; init; }

    /// <summary>Goes on after an end-of-turn token.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>A row ends when its text holds one of these; the text is then cut before it.</summary>
    public ImmutableArray<string> Stop { get; init; } = [];

    /// <summary>Gives each new token's log-probability with this many of the most likely ones beside it. Null: not given.</summary>
    public int? Choices { get; init; }

    /// <summary>Recomputes the whole sequence for every token, to check that the cache changes nothing.</summary>
    public bool WithoutCache { get; init; }

    /// <summary>Features whose activations are recorded on every token, prompt and generated.</summary>
    public ImmutableArray<FeatureId> RecordFeatures { get; init; } = [];

    /// <summary>Records cosine by layer at the prompt's last token to this vector.</summary>
    public ImmutableArray<float>? CosineTo { get; init; }

    /// <summary>Records P(refusal tokens) by layer at the prompt's last token.</summary>
    public bool LogitLens { get; init; }

    /// <summary>Refuses numbers that no generation can have.</summary>
    /// <exception cref="EngineException">There is one; its field and range are named.</exception>
    public void Check()
    {
        if (MaxNewTokens < 0)
            throw new EngineException($"maxNewTokens {MaxNewTokens}: expected 0 or more");
        if (!double.IsFinite(Temperature) || Temperature < 0)
            throw new EngineException(FormattableString.Invariant($"temperature {Temperature}: expected 0 (greedy) or more"));
        // Written so that NaN fails it.
        if (!(TopP is > 0 and <= 1))
            throw new EngineException(FormattableString.Invariant($"topP {TopP}: expected more than 0, at most 1"));
        if (TopK < 0)
            throw new EngineException($"topK {TopK}: expected 0 (all) or more");
    }
}

/// <summary>One new token of one row.</summary>
/// <param name="Row">0-based row of the batch.</param>
/// <param name="Position">Position in the whole sequence.</param>
/// <param name="Id">The token.</param>
/// <param name="Text">Text that it completes; may be empty while a character is incomplete.</param>
/// <param name="Choice">How likely it was, before temperature and cuts; null unless asked for.</param>
public sealed record GeneratedToken(int Row, int Position, int Id, string Text, TokenChoice? Choice = null);

/// <summary>A finished (or cancelled) row of a generation.</summary>
public sealed record GenerationResult
{
    /// <summary>New ids, the end token included if one came.</summary>
    public required ImmutableArray<int> Ids { get; init; }

    /// <summary>Their text without special tokens.</summary>
    public required string Text { get; init; }

    /// <summary>Logits at the prompt's last position, [V].</summary>
    public required float[] FirstLogits { get; init; }

    /// <summary>Whether an end token ended it.</summary>
    public required bool EndedByEos { get; init; }

    /// <summary>The stop sequence that ended it, or null. The ids still hold it; the text does not.</summary>
    public string? EndedByStop { get; init; }

    /// <summary>What the edits did over prompt and generation.</summary>
    public ImmutableArray<FeatureEffect> Effects { get; init; } = [];

    /// <summary>How likely each new token was, if asked for.</summary>
    public ImmutableArray<TokenChoice> Choices { get; init; } = [];

    /// <summary>Recorded activations, [prompt + generated] each; the last generated token is not fed back and has none.</summary>
    public IReadOnlyDictionary<FeatureId, float[]> Features { get; init; } = ImmutableDictionary<FeatureId, float[]>.Empty;

    /// <summary>Cosine by layer at the prompt's last token, L + 1 values, if asked for.</summary>
    public float[]? Cosine { get; init; }

    /// <summary>P(refusal tokens) by layer, L + 1 values, if asked for.</summary>
    public float[]? LogitLens { get; init; }
}

/// <summary>Many ablation sets of one prompt over one pool of features: row b ablates the features whose mask is set.</summary>
/// <param name="Pool">The features that any set names.</param>
/// <param name="Masks">One array of <c>Pool.Count</c> flags for each set.</param>
/// <param name="Scope">The tokens touched.</param>
public sealed record AblationBatch(IReadOnlyList<FeatureId> Pool, IReadOnlyList<bool[]> Masks, TokenScope Scope);
