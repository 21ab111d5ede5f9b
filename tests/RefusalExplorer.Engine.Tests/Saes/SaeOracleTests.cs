using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>Whole SAEs and slices of them against <see cref="LiteralSae"/>, for every architecture, normalisation and use of b_dec.</summary>
public sealed class SaeOracleTests : IDisposable
{
    private const int N = 30, D = LiteralSae.D, F = LiteralSae.F;
    private const double Tolerance = 2e-5;

    private readonly SaeTestFiles _files = new();
    private readonly DisposeScope _scope;
    private readonly float[] _x;
    private readonly Tensor _x_ND;

    public SaeOracleTests()
    {
        TorchNative.EnsureLoaded();
        _scope = NewDisposeScope();
        var random = new Random(7);
        _x = [.. Enumerable.Range(0, N * D).Select(_ => (float)(4 * random.NextDouble() - 1.5))];
        _x_ND = tensor(_x, N, D);
    }

    public static TheoryData<string, string, bool, bool> Forms()
    {
        var forms = new TheoryData<string, string, bool, bool>();
        foreach (string architecture in (string[])["standard", "gated", "topk", "jumprelu"])
        {
            foreach (string normalization in (string[])["none", "expected_average_only_in", "constant_norm_rescale", "layer_norm"])
            {
                foreach (bool bias in (bool[])[true, false])
                {
                    forms.Add(architecture, normalization, bias, false);
                    if (architecture == "topk")
                        forms.Add(architecture, normalization, bias, true);
                }
            }
        }
        return forms;
    }

    public void Dispose()
    {
        _scope.Dispose();
        _files.Dispose();
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void EncodeAndDecode_EveryForm_EqualTheLiteralLoops(string architecture, string normalization, bool bias, bool rescales)
    {
        LiteralSae literal = Create(architecture, normalization, bias, rescales);
        using Sae sae = Sae.Open(_files.Folder);

        Tensor z_NF = sae.Encode(_x_ND, TestContext.Current.CancellationToken);
        float[] z = z_NF.data<float>().ToArray();
        float[] recon = sae.Decode(z_NF, _x_ND).data<float>().ToArray();

        Assert.InRange(z.Count(value => value > 0), N, N * F - N);
        for (int n = 0; n < N; n++)
        {
            double[] expected = literal.Encode(_x.AsSpan(n * D, D));
            AssertClose(expected, z.AsSpan(n * F, F));
            AssertClose(literal.Decode(expected, _x.AsSpan(n * D, D)), recon.AsSpan(n * D, D));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void SliceEncode_EveryForm_EqualsTheColumnsOfTheWholeEncode(string architecture, string normalization, bool bias, bool rescales)
    {
        Create(architecture, normalization, bias, rescales);
        using Sae sae = Sae.Open(_files.Folder);
        int[] features = [31, 0, 7, F - 1, 12];
        using SaeSlice slice = sae.Slice(features, ScalarType.Float32, CPU);

        Tensor sliced = slice.Encode(_x_ND.reshape(2, N / 2, D));
        Tensor columns = sae.Encode(_x_ND, TestContext.Current.CancellationToken).index_select(1, tensor(features.Select(f => (long)f).ToArray()));

        Assert.Equal([2, N / 2, features.Length], sliced.shape);
        Assert.True((sliced.reshape(N, -1) - columns).abs().max().item<float>() < Tolerance);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void DecodeDelta_EveryForm_EqualsTheDifferenceOfTwoReconstructions(string architecture, string normalization, bool bias, bool rescales)
    {
        LiteralSae literal = Create(architecture, normalization, bias, rescales);
        using Sae sae = Sae.Open(_files.Folder);
        int[] features = [5, 30, 17];
        double[] clamped = [0, 2.5, 1];
        using SaeSlice slice = sae.Slice(features, ScalarType.Float32, CPU);

        Tensor z_NS = slice.Encode(_x_ND);
        Tensor delta_NS = tensor(clamped.Select(v => (float)v).ToArray()).unsqueeze(0) - z_NS;
        float[] edited = (_x_ND + slice.DecodeDelta(delta_NS, _x_ND)).data<float>().ToArray();

        for (int n = 0; n < N; n++)
        {
            float[] h = _x[(n * D)..((n + 1) * D)];
            double[] z = literal.Encode(h);
            double[] changed = [.. z];
            for (int s = 0; s < features.Length; s++)
                changed[features[s]] = clamped[s];
            double[] before = literal.Decode(z, h), after = literal.Decode(changed, h);
            AssertClose([.. h.Select((value, d) => value + after[d] - before[d])], edited.AsSpan(n * D, D));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(F)]
    public void Encode_TopKInAnyBlockSize_PicksTheSameWinners(int blockFeatures)
    {
        LiteralSae literal = Create("topk", "none", true, false);
        (SaeConfig config, SaeWeights weights) = SaeLensLayout.Open(_files.Folder);
        using var sae = new Sae(_files.Folder, config, weights, blockFeatures);

        float[] z = sae.Encode(_x_ND, TestContext.Current.CancellationToken).data<float>().ToArray();

        for (int n = 0; n < N; n++)
            AssertClose(literal.Encode(_x.AsSpan(n * D, D)), z.AsSpan(n * F, F));
    }

    [Theory]
    [InlineData("standard", false)]
    [InlineData("topk", true)]
    public void DecoderRowsNormsAndCosines_AnyForm_DescribeTheDecoderInForce(string architecture, bool rescales)
    {
        LiteralSae literal = Create(architecture, "none", true, rescales);
        using Sae sae = Sae.Open(_files.Folder);
        float[] direction = [.. Enumerable.Range(0, D).Select(d => (float)Math.Cos(d))];

        float[] norms = sae.DecoderNorms(), cosines = sae.DecoderCosines(direction);

        double length = Math.Sqrt(direction.Sum(v => (double)v * v));
        for (int f = 0; f < F; f++)
        {
            float[] row = sae.DecoderRow(f);
            double norm = Math.Sqrt(row.Sum(v => (double)v * v));
            Assert.Equal(rescales ? 1 : literal.DecoderNorm(f), norms[f], Tolerance);
            Assert.Equal(norm, norms[f], Tolerance);
            Assert.Equal(row.Zip(direction, (a, b) => (double)a * b).Sum() / norm / length, cosines[f], Tolerance);
        }
    }

    private LiteralSae Create(string architecture, string normalization, bool bias, bool rescales)
    {
        var literal = new LiteralSae(architecture, normalization, bias, rescales);
        literal.Write(_files);
        return literal;
    }

    private static void AssertClose(double[] expected, ReadOnlySpan<float> actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance);
    }
}
