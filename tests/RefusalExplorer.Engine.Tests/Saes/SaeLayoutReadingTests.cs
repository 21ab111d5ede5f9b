using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>How much of a dictionary is read to edit a few of its features, for every layout.</summary>
public sealed class SaeLayoutReadingTests
{
    private const int D = 64;

    private static readonly string Goldens = Path.Combine(AppContext.BaseDirectory, "Goldens", "saes");

    public SaeLayoutReadingTests() => TorchNative.EnsureLoaded();

    // Vectors: tensors [F] that the encoder needs. The OpenMOSS rule multiplies decoder norms into the encoder, so it reads these rows once more.
    [Theory]
    [InlineData("gemmascope/gemma2/layer_1/width_256/average_l0_10", SaeGatingRule.SaeLens, 256, 2, 2)]
    [InlineData("gemmascope-deflated/layer_1/width_256/average_l0_10", SaeGatingRule.SaeLens, 256, 2, 2)]
    [InlineData("gemmascope2/resid_post/layer_1_width_256_l0_medium", SaeGatingRule.SaeLens, 256, 2, 2)]
    [InlineData("llamascope/Llama3_1-8B-Base-L1R-8x", SaeGatingRule.SaeLens, 512, 1, 2)]
    [InlineData("llamascope/Llama3_1-8B-Base-L1R-8x", SaeGatingRule.SaeLens5102, 512, 1, 2)]
    [InlineData("llamascope/Llama3_1-8B-Base-L1R-8x", SaeGatingRule.OpenMoss, 512, 1, 3)]
    [InlineData("saelens/saelens-gated-bdec-none", SaeGatingRule.SaeLens, 128, 3, 2)]
    public void Slice_OfEveryLayout_ReadsItsColumnsAndTheBiasesAlone(string path, SaeGatingRule rule, int features, int vectors, int matrices)
    {
        using DisposeScope scope = NewDisposeScope();
        (SaeConfig config, SaeWeights weights) = SaeLayout.Open(Path.Combine(Goldens, path), rule);
        using SaeWeights opened = weights;
        Assert.Equal((features, 0), (config.Features, weights.ElementsRead));

        int[] few = [features - 1, 0, 17];
        weights.Encoder(few);
        weights.Decoder(few);
        Assert.Equal((matrices * few.Length * D) + (vectors * features), weights.ElementsRead);

        weights.Encoder([5]);
        weights.Decoder([5]);
        Assert.Equal((matrices * (few.Length + 1) * D) + (vectors * features), weights.ElementsRead);
    }
}
