using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>SAELens' formulas as loops in double precision: the oracle of the fast code. Also writes itself as a SAELens folder.</summary>
internal sealed class LiteralSae
{
    public const int D = 12, F = 40, K = 6;

    private readonly string _architecture;
    private readonly string _normalization;
    private readonly bool _appliesBias;
    private readonly bool _rescales;
    private readonly float[] _W_enc, _W_dec, _b_enc, _b_dec, _threshold, _b_gate, _b_mag, _r_mag;

    public LiteralSae(string architecture, string normalization = "none", bool appliesBias = true, bool rescales = false, int seed = 1)
    {
        (_architecture, _normalization, _appliesBias, _rescales) = (architecture, normalization, appliesBias, rescales);
        var random = new Random(seed);
        float[] Next(int n, double scale) => [.. Enumerable.Range(0, n).Select(_ => (float)(scale * (2 * random.NextDouble() - 1)))];
        (_W_enc, _W_dec) = (Next(D * F, 0.6), Next(F * D, 0.6));
        (_b_enc, _b_dec, _threshold) = (Next(F, 0.3), Next(D, 0.5), Next(F, 0.8));
        (_b_gate, _b_mag, _r_mag) = (Next(F, 0.4), Next(F, 0.4), Next(F, 0.5));
    }

    public void Write(SaeTestFiles files)
    {
        files.Text("cfg.json", $$"""
            { "architecture": "{{_architecture}}", "d_in": {{D}}, "d_sae": {{F}}, "dtype": "float32", "k": {{K}},
              "apply_b_dec_to_input": {{(_appliesBias ? "true" : "false")}}, "normalize_activations": "{{_normalization}}",
              "rescale_acts_by_decoder_norm": {{(_rescales ? "true" : "false")}},
              "metadata": { "model_name": "toy", "hook_name": "blocks.3.hook_resid_post" } }
            """);
        TensorData[] own = _architecture switch
        {
            "gated" => [new("b_gate", _b_gate, F), new("b_mag", _b_mag, F), new("r_mag", _r_mag, F)],
            "jumprelu" => [new("b_enc", _b_enc, F), new("threshold", _threshold, F)],
            _ => [new("b_enc", _b_enc, F)],
        };
        files.Tensors("sae_weights.safetensors", [new("W_enc", _W_enc, D, F), new("W_dec", _W_dec, F, D), new("b_dec", _b_dec, D), .. own]);
    }

    /// <summary>Activations [F] of one token [D].</summary>
    public double[] Encode(ReadOnlySpan<float> x)
    {
        double[] input = Normalize(x);
        if (_appliesBias)
        {
            for (int d = 0; d < D; d++)
                input[d] -= _b_dec[d];
        }
        var z = new double[F];
        for (int f = 0; f < F; f++)
        {
            double product = 0, norm = 0;
            for (int d = 0; d < D; d++)
            {
                product += input[d] * _W_enc[d * F + f];
                norm += (double)_W_dec[f * D + d] * _W_dec[f * D + d];
            }
            z[f] = _architecture switch
            {
                "standard" => Math.Max(product + _b_enc[f], 0),
                "jumprelu" => product + _b_enc[f] > _threshold[f] ? Math.Max(product + _b_enc[f], 0) : 0,
                "gated" => product + _b_gate[f] > 0 ? Math.Max(product * Math.Exp(_r_mag[f]) + _b_mag[f], 0) : 0,
                _ => (product + _b_enc[f]) * (_rescales ? Math.Sqrt(norm) : 1),
            };
        }
        if (_architecture == "topk")
        {
            double least = z.OrderDescending().ElementAt(K - 1);
            z = [.. z.Select(value => value >= least ? Math.Max(value, 0) : 0)];
        }
        return z;
    }

    /// <summary>Reconstruction [D] of one token from activations [F].</summary>
    public double[] Decode(IReadOnlyList<double> z, ReadOnlySpan<float> x)
    {
        (double mean, double scale) = Statistics(x);
        var recon = new double[D];
        for (int d = 0; d < D; d++)
        {
            double sum = _b_dec[d];
            for (int f = 0; f < F; f++)
                sum += z[f] / (_rescales ? DecoderNorm(f) : 1) * _W_dec[f * D + d];
            recon[d] = sum * scale + mean;
        }
        return recon;
    }

    public double DecoderNorm(int f) => Math.Sqrt(Enumerable.Range(0, D).Sum(d => (double)_W_dec[f * D + d] * _W_dec[f * D + d]));

    private double[] Normalize(ReadOnlySpan<float> x)
    {
        (double mean, double scale) = Statistics(x);
        double epsilon = _normalization == "layer_norm" ? 1e-5 : 0;
        var input = new double[D];
        for (int d = 0; d < D; d++)
            input[d] = (x[d] - mean) / (scale + epsilon);
        return input;
    }

    private (double Mean, double Scale) Statistics(ReadOnlySpan<float> x)
    {
        double mean = 0, squares = 0, deviations = 0;
        foreach (float value in x)
            (mean, squares) = (mean + value / (double)D, squares + (double)value * value);
        foreach (float value in x)
            deviations += (value - mean) * (value - mean);
        return _normalization switch
        {
            "constant_norm_rescale" => (0, Math.Sqrt(squares) / Math.Sqrt(D)),
            "layer_norm" => (mean, Math.Sqrt(deviations / (D - 1))),
            _ => (0, 1),
        };
    }
}
