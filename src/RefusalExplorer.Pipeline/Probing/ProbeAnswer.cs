using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>The answer to a <see cref="ProbeRequest"/>.</summary>
public sealed record ProbeAnswer
{
    /// <summary>The prompt's tokens.</summary>
    public required ImmutableArray<ProbeToken> Tokens { get; init; }

    /// <summary>Without edits.</summary>
    public required ProbeArm Baseline { get; init; }

    /// <summary>With the edits.</summary>
    public required ProbeArm Intervened { get; init; }

    /// <summary>What each edited feature's edit did, over prompt and generation.</summary>
    public required ImmutableArray<ProbeEffect> Effects { get; init; }

    /// <summary>KL(baseline ‖ intervened) of the next token, nats.</summary>
    public required double Kl { get; init; }

    /// <summary>All that reproduces it.</summary>
    public required RunRecord Record { get; init; }

    /// <summary>Tensors for <c>--tensors</c> by name: values row-major, with their shape. Not part of the JSON.</summary>
    [JsonIgnore]
    public ImmutableSortedDictionary<string, ProbeTensor> Tensors { get; init; } = ImmutableSortedDictionary<string, ProbeTensor>.Empty;
}

/// <summary>A tensor for the tensors file.</summary>
public sealed record ProbeTensor(float[] Values, long[] Shape);

/// <summary>A token; the text is null for models without a tokenizer.</summary>
public sealed record ProbeToken(int Id, string? Text);

/// <summary>A likely next token.</summary>
public sealed record ProbeLogit(int Id, string? Text, double Logit, double Probability);

/// <summary>What an edit of one feature did; the maxima are over the tokens in scope alone, 0 where there is none.</summary>
public sealed record ProbeEffect(string Feature, int TokensTouched, double MaxBefore, double MaxAfter, double DeltaNorm);

/// <summary>One side of the comparison.</summary>
public sealed record ProbeArm
{
    /// <summary>P("I") at the last position; null where no refusal token is known.</summary>
    public double? RefusalTokenProbability { get; init; }

    /// <summary>The most likely next tokens.</summary>
    public required ImmutableArray<ProbeLogit> TopLogits { get; init; }

    /// <summary>Cosine of the last token's residual to the direction, L + 1 values; null unless captured.</summary>
    public ImmutableArray<float>? Cosine { get; init; }

    /// <summary>Generated text; null where nothing was generated or there is no tokenizer.</summary>
    public string? Text { get; init; }

    /// <summary>Generated ids.</summary>
    public ImmutableArray<int>? GeneratedIds { get; init; }

    /// <summary>The verdict on the text.</summary>
    public VerdictKind? Verdict { get; init; }
}
