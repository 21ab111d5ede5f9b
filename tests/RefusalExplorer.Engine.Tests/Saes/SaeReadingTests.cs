using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>How much of a dictionary is read, on the embedded SAEs (D = 576, F = 3072, float16).</summary>
public sealed class SaeReadingTests
{
    private const int D = 576, F = 3072;

    private static readonly string Demo = Path.Combine(AppContext.BaseDirectory, "demo-model", "saes");

    public SaeReadingTests() => TorchNative.EnsureLoaded();

    public static TheoryData<int> Layers() => [.. Enumerable.Range(0, 10).Select(i => 8 + 2 * i)];

    [Theory]
    [MemberData(nameof(Layers))]
    public void OpenAndSlice_DemoSae_ReadsTheColumnsAskedForAndTheBiasesOnly(int layer)
    {
        (CountingTensorFile file, Sae sae) = OpenCounted(layer);
        using Sae opened = sae;
        sae.CheckFits(D, layer, "demo");
        Assert.Equal(0, file.ElementsRead);

        using SaeSlice slice = sae.Slice([3000, 17, 4], ScalarType.Float32, CPU);

        Assert.Equal(2 * 3 * D + 2 * F + D, file.ElementsRead);
    }

    [Fact]
    public void Slice_OfOneFeature_MovesTheStreamByExactlyItsChangeTimesItsDecoderRow()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sae sae = Sae.Open(Path.Combine(Demo, "blocks.20.hook_resid_post"));
        using SaeSlice slice = sae.Slice([123], ScalarType.Float32, CPU);
        Tensor h_ND = randn(5, D);

        Tensor moved_ND = slice.DecodeDelta(tensor([0f, 1.75f, -3.1f, 1e-3f, 40f]).unsqueeze(-1), h_ND);

        float[] row = sae.DecoderRow(123);
        float[] factors = [0f, 1.75f, -3.1f, 1e-3f, 40f];
        Assert.Equal(factors.SelectMany(factor => row.Select(d => factor * d)), moved_ND.data<float>().ToArray());
    }

    [Fact]
    public void DecodeDelta_OfNoChange_LeavesTheStreamBitIdentical()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sae sae = Sae.Open(Path.Combine(Demo, "blocks.8.hook_resid_post"));
        using SaeSlice slice = sae.Slice([.. Enumerable.Range(0, 200)], ScalarType.BFloat16, CPU);
        Tensor h_BTD = (100 * randn(2, 3, D)).to(ScalarType.BFloat16);

        Tensor moved_BTD = slice.DecodeDelta(zeros(2, 3, 200), h_BTD);

        Assert.Equal(ScalarType.BFloat16, moved_BTD.dtype);
        Assert.True((h_BTD + moved_BTD).eq(h_BTD).all().item<bool>());
    }

    [Fact]
    public void SliceEncode_OfABfloat16Stream_GatesAsTheFloat32SaeDoes()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sae sae = Sae.Open(Path.Combine(Demo, "blocks.14.hook_resid_post"));
        int[] features = [.. Enumerable.Range(0, 300)];
        using SaeSlice slice = sae.Slice(features, ScalarType.BFloat16, CPU);
        Tensor h_ND = (10 * randn(40, D)).to(ScalarType.BFloat16);

        Tensor z_NS = slice.Encode(h_ND);
        Tensor whole_NS = sae.Encode(h_ND.to(ScalarType.Float32), TestContext.Current.CancellationToken).narrow(1, 0, features.Length);

        Assert.Equal(ScalarType.Float32, z_NS.dtype);
        Assert.True(z_NS.gt(0).any().item<bool>());
        Assert.True((z_NS - whole_NS).abs().max().item<float>() < 1e-3);
    }

    [Fact]
    public void Slice_DisposeScopeOfItsMakerEnds_StaysUsable()
    {
        using Sae sae = Sae.Open(Path.Combine(Demo, "blocks.8.hook_resid_post"));
        SaeSlice slice;
        using (NewDisposeScope())
            slice = sae.Slice([1, 2], ScalarType.Float32, CPU);
        using DisposeScope scope = NewDisposeScope();
        using SaeSlice kept = slice;

        Tensor h_ND = ones(1, D);

        Assert.Equal([1, D], kept.DecodeDelta(kept.Encode(h_ND), h_ND).shape);
    }

    [Theory]
    [InlineData("blocks.8.hook_resid_post", false)]
    [InlineData("toy", true)]
    public void EncodeAndDecodeDelta_ManyCalls_LeaveNoTensorBehind(string which, bool topk)
    {
        using var files = new SaeTestFiles();
        new LiteralSae("topk", "layer_norm").Write(files);
        using Sae sae = Sae.Open(topk ? files.Folder : Path.Combine(Demo, which));
        using SaeSlice slice = sae.Slice([1, 2], ScalarType.Float32, CPU);
        using DisposeScope scope = NewDisposeScope();
        Tensor h_ND = randn(2, sae.Config.InputDim);
        long before = scope.DisposablesCount;

        Tensor z_NS = slice.Encode(h_ND);
        Tensor moved_ND = slice.DecodeDelta(z_NS, h_ND);
        Tensor z_NF = sae.Encode(h_ND, TestContext.Current.CancellationToken);
        Tensor recon_ND = sae.Decode(z_NF, h_ND);

        Assert.Equal(before + 4, scope.DisposablesCount);
        Assert.All((Tensor[])[z_NS, moved_ND, z_NF, recon_ND], tensor => Assert.False(tensor.IsInvalid));
    }

    [Fact]
    public void Encode_CancelledAfterTheFirstBlock_ReadsNoFurther()
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new CancellationTokenSource();
        (CountingTensorFile file, Sae sae) = OpenCounted(8, blockFeatures: 256, onColumns: source.Cancel);
        using Sae opened = sae;

        Assert.Throws<OperationCanceledException>(() => sae.Encode(ones(2, D), source.Token));

        Assert.Equal(256 * D + 2 * F + D, file.ElementsRead);
    }

    [Fact]
    public void Encode_BlockOfTheLargestPublishedDictionary_StaysWithinItsMemory()
    {
        var config = new SaeConfig { Architecture = SaeArchitecture.JumpRelu, InputDim = 2304, Features = 65536, Layout = "GemmaScope" };

        int block = SaeStream.FeaturesPerBlock(config);

        // The matrix as an array, as a tensor and as its copy on the device.
        Assert.InRange(3L * sizeof(float) * block * config.InputDim, 1, 200_000_000);
    }

    private static (CountingTensorFile File, Sae Sae) OpenCounted(int layer, int? blockFeatures = null, Action? onColumns = null)
    {
        string folder = Path.Combine(Demo, $"blocks.{layer}.hook_resid_post");
        SaeConfig config = SaeLensLayout.ReadConfig(Path.Combine(folder, "cfg.json"));
        var file = new CountingTensorFile(SafetensorsFile.Open(Path.Combine(folder, "sae_weights.safetensors")), onColumns);
        var names = new SaeTensorNames { b_enc = "b_enc", threshold = "threshold" };
        return (file, new Sae(folder, config, new SaeWeights(file, config, names, SaeFold.None), blockFeatures));
    }
}
