using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>What a corpus and the SAE's weights tell of a feature.</summary>
public sealed record FeatureDashboard
{
    /// <summary>The feature.</summary>
    public required FeatureId Feature { get; init; }

    /// <summary>Tokens on which it is not zero.</summary>
    public required long Count { get; init; }

    /// <summary>Their share of the tokens read.</summary>
    public required double Density { get; init; }

    /// <summary>Largest activation; 0 where it never fired.</summary>
    public required float Max { get; init; }

    /// <summary>Mean over the tokens on which it is not zero.</summary>
    public required double Mean { get; init; }

    /// <summary>Counts of activations in bars of equal width from 0 to <see cref="Max"/>; empty where it never fired.</summary>
    public ImmutableArray<int> Histogram { get; init; } = [];

    /// <summary>Texts with the largest activations, one example a text, the largest first.</summary>
    public ImmutableArray<ActivatingExample> Examples { get; init; } = [];

    /// <summary>Tokens whose logits its decoder row raises most.</summary>
    public ImmutableArray<TokenEffect> Raised { get; init; } = [];

    /// <summary>Tokens whose logits its decoder row lowers most.</summary>
    public ImmutableArray<TokenEffect> Lowered { get; init; } = [];

    /// <summary>Features of the same SAE whose decoder rows point its way.</summary>
    public ImmutableArray<NearFeature> Nearest { get; init; } = [];

    /// <summary>Features of the same SAE that fire on the same tokens, by Jaccard index.</summary>
    public ImmutableArray<CoFiringFeature> CoFiring { get; init; } = [];
}

/// <summary>A piece of a text around a feature's largest activation in it.</summary>
/// <param name="Text">0-based text of the corpus.</param>
/// <param name="Start">0-based position in the text of the first token here.</param>
/// <param name="Peak">Index in <paramref name="Tokens"/> of the largest activation.</param>
/// <param name="Tokens">The tokens.</param>
/// <param name="Activations">The feature's activation on each.</param>
/// <param name="CutBefore">Whether the text begins before.</param>
/// <param name="CutAfter">Whether the text goes on.</param>
/// <param name="MayBeHarmful">Whether pages blur it until it is revealed.</param>
public sealed record ActivatingExample(
    int Text, int Start, int Peak, ImmutableArray<TokenView> Tokens, ImmutableArray<float> Activations, bool CutBefore, bool CutAfter, bool MayBeHarmful)
{
    /// <summary>The largest activation.</summary>
    public float Max => Activations[Peak];
}

/// <summary>What one unit of a feature's activation adds to a token's logit, before the final norm's division.</summary>
/// <param name="Token">The token.</param>
/// <param name="Logit">Added to its logit.</param>
public sealed record TokenEffect(TokenView Token, float Logit);

/// <summary>A feature whose decoder row points a similar way.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Cosine">Cosine of the decoder rows.</param>
public sealed record NearFeature(FeatureId Feature, float Cosine);

/// <summary>A feature that fires together with another.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Share">Share of the other's tokens on which this one fires too.</param>
/// <param name="Lift">That share over this feature's density: 1 is chance.</param>
/// <param name="Jaccard">Tokens on which both fire over tokens on which one does.</param>
public sealed record CoFiringFeature(FeatureId Feature, double Share, double Lift, double Jaccard);

/// <summary>Where a layer's dashboards come from.</summary>
public sealed record DashboardHeader
{
    /// <summary>A configured model's name.</summary>
    public required string Model { get; init; }

    /// <summary>Fingerprint of its weights.</summary>
    public required string WeightsFingerprint { get; init; }

    /// <summary>0-based layer.</summary>
    public required int Layer { get; init; }

    /// <summary>Fingerprint of the SAE.</summary>
    public required string SaeFingerprint { get; init; }

    /// <summary>F, features of the SAE.</summary>
    public required int Features { get; init; }

    /// <summary>Texts read.</summary>
    public required int Texts { get; init; }

    /// <summary>Tokens that density is a share of: first tokens and other attention sinks left out where the settings say so.</summary>
    public required int Tokens { get; init; }

    /// <summary>Tokens left out beyond the first of each text, because of their norm.</summary>
    public int Sinks { get; init; }

    /// <summary>Name of the corpus file.</summary>
    public required string Corpus { get; init; }

    /// <summary>SHA-256 of the corpus file.</summary>
    public required string CorpusHash { get; init; }

    /// <summary>What was read and kept.</summary>
    public required DashboardSettings Settings { get; init; }

    /// <summary>UTC time of the file's making.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Version of the program.</summary>
    public required string AppVersion { get; init; }

    /// <summary>Names the inputs: files of equal keys hold the same.</summary>
    public required string Key { get; init; }
}
