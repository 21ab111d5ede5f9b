using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>Every layout, architecture and gating rule against activations and reconstructions of the reference implementations.</summary>
public sealed class SaeGoldenTests
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Goldens");

    // A LlamaScope pre-activation this near its gate may fall on either side in float32 (Goldens/README.md).
    private const double GateMargin = 1e-3;

    public SaeGoldenTests() => TorchNative.EnsureLoaded();

    public static TheoryData<string> Cases()
    {
        using JsonDocument cases = ReadCases();
        return [.. cases.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EncodeAndDecode_GoldenCase_EqualTheReference(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        (Sae sae, Tensor x_ND, Tensor expected_NF, Tensor recon_ND, double tolerance) = Open(name);
        using Sae opened = sae;

        Tensor z_NF = sae.Encode(x_ND, TestContext.Current.CancellationToken);
        Tensor far = FarFromGate(sae, expected_NF, z_NF);

        Assert.True(far.to(ScalarType.Float32).mean().item<float>() > 0.99);
        Assert.True(((z_NF - expected_NF).abs() * far).max().item<float>() <= tolerance, "activations");
        Assert.True((sae.Decode(expected_NF, x_ND) - recon_ND).abs().max().item<float>() <= tolerance, "reconstruction");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SliceEncode_GoldenCase_EqualsTheReferenceColumns(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        (Sae sae, Tensor x_ND, Tensor expected_NF, Tensor _, double tolerance) = Open(name);
        using Sae opened = sae;
        int[] features = [3, 0, sae.Config.Features - 1, 64, 65, 66, 101];
        using SaeSlice slice = sae.Slice(features, ScalarType.Float32, CPU);

        Tensor expected_NS = expected_NF.index_select(1, tensor(features.Select(f => (long)f).ToArray()));
        Tensor z_NS = slice.Encode(x_ND);

        Assert.True(((z_NS - expected_NS).abs() * FarFromGate(sae, expected_NS, z_NS)).max().item<float>() <= tolerance);
    }

    [Fact]
    public void Open_LlamaScopeUnderItsThreeRules_GivesThreeFingerprintsAndDifferentActivations()
    {
        using DisposeScope scope = NewDisposeScope();
        var sums = new HashSet<float>();
        var fingerprints = new HashSet<string>();
        foreach (string name in (string[])["llamascope-saelens", "llamascope-saelens_5_10_2", "llamascope-openmoss"])
        {
            (Sae sae, Tensor x_ND, _, _, _) = Open(name);
            using Sae opened = sae;
            sums.Add(sae.Encode(x_ND, TestContext.Current.CancellationToken).sum().item<float>());
            fingerprints.Add(sae.Fingerprint);
        }
        Assert.Equal((3, 3), (sums.Count, fingerprints.Count));
    }

    // Where the reference and the code disagree on whether a feature fires, the one that fires tells how far the other was from its gate.
    private static Tensor FarFromGate(Sae sae, Tensor expected, Tensor actual)
    {
        if (sae.Config.Layout != "LlamaScope")
            return ones_like(expected);
        Tensor differ = expected.gt(0).ne(actual.gt(0));
        Tensor firing = maximum(expected, actual);
        double gate = sae.Config.GatingRule == SaeGatingRule.SaeLens ? Gate(sae) * Math.Sqrt(sae.Config.InputDim) / MeanNorm(sae) : Gate(sae);
        return differ.logical_and((firing - gate).abs().lt(GateMargin)).logical_not();
    }

    private static double Gate(Sae sae) => Hyperparams(sae).GetProperty("jump_relu_threshold").GetDouble();

    private static double MeanNorm(Sae sae) => Hyperparams(sae).GetProperty("dataset_average_activation_norm").GetProperty("in").GetDouble();

    private static JsonElement Hyperparams(Sae sae) => JsonElement.Parse(File.ReadAllText(Path.Combine(sae.Location, "hyperparams.json")));

    private static JsonDocument ReadCases() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "saes", "cases.json")));

    private static (Sae Sae, Tensor X_ND, Tensor Z_NF, Tensor Recon_ND, double Tolerance) Open(string name)
    {
        using JsonDocument cases = ReadCases();
        JsonElement c = cases.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        SaeGatingRule? rule = !c.TryGetProperty("rule", out JsonElement text) ? null : text.GetString() switch
        {
            "saelens" => SaeGatingRule.SaeLens,
            "saelens_5_10_2" => SaeGatingRule.SaeLens5102,
            _ => SaeGatingRule.OpenMoss,
        };
        using SafetensorsFile values = SafetensorsFile.Open(Path.Combine(Root, "saes", "cases.safetensors"));
        Tensor Value(string field) => values.Load(c.GetProperty(field).GetString()!, ScalarType.Float32, CPU);
        return (Sae.Open(Path.Combine(Root, c.GetProperty("path").GetString()!), rule), Value("x"), Value("z"), Value("recon"),
            c.GetProperty("toleranceAbs").GetDouble());
    }
}
