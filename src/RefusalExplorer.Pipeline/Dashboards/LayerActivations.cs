using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>A layer's activations over a corpus, by token and by feature.</summary>
internal sealed class LayerActivations
{
    private readonly SparseActivations _byToken;
    private readonly int[] _starts;
    private readonly int[] _tokens;
    private readonly float[] _values;

    public LayerActivations(SparseActivations byToken, int features)
    {
        _byToken = byToken;
        Features = features;
        _starts = new int[features + 1];
        foreach (int f in byToken.Features)
            _starts[f + 1]++;
        for (int f = 0; f < features; f++)
            _starts[f + 1] += _starts[f];
        (_tokens, _values) = (new int[byToken.Values.Length], new float[byToken.Values.Length]);
        int[] next = _starts[..features];
        for (int token = 0; token < byToken.Tokens; token++)
        {
            for (int i = byToken.Starts[token]; i < byToken.Starts[token + 1]; i++)
            {
                int at = next[byToken.Features[i]]++;
                (_tokens[at], _values[at]) = (token, byToken.Values[i]);
            }
        }
    }

    public int Features { get; }

    /// <summary>Tokens on which a feature is not zero.</summary>
    public int Count(int feature) => _starts[feature + 1] - _starts[feature];

    /// <summary>Those tokens, ascending.</summary>
    public ReadOnlySpan<int> TokensOf(int feature) => _tokens.AsSpan(_starts[feature].._starts[feature + 1]);

    /// <summary>Its activations on them.</summary>
    public ReadOnlySpan<float> ValuesOf(int feature) => _values.AsSpan(_starts[feature].._starts[feature + 1]);

    /// <summary>The features that are not zero on a token, ascending.</summary>
    public ReadOnlySpan<int> FeaturesOn(int token) => _byToken.Features.AsSpan(_byToken.Starts[token].._byToken.Starts[token + 1]);
}
