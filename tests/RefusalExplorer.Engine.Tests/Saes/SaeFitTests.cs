using RefusalExplorer.Engine.Saes;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Saes;

public sealed class SaeFitTests
{
    private static readonly SaeConfig GemmaScope = new()
    {
        Architecture = SaeArchitecture.JumpRelu,
        InputDim = 2304,
        Features = 65536,
        Layer = 12,
        HookName = "blocks.12.hook_resid_post",
        ModelName = "gemma-2-2b",
        Layout = "GemmaScope",
    };

    [Theory]
    [InlineData("gemma-2-2b-it")]
    [InlineData("google/gemma-2-2b")]
    [InlineData("my-own-name")]
    [InlineData(null)]
    public void Check_ItsOwnModelAndLayer_IsAccepted(string? model) => SaeFit.Check("sae", GemmaScope, 2304, 12, model);

    [Fact]
    public void Check_NothingKnownButTheWidth_IsAccepted() =>
        SaeFit.Check("sae", GemmaScope with { Layer = null, HookName = null, ModelName = null }, 2304, 3, "llama-3.1-8b");

    [Fact]
    public void Check_AnotherWidth_IsRefused() => AssertRefused(GemmaScope, 4096, 12, "gemma-2-2b",
        "sae: the SAE reads vectors of width 2304, expected 4096, the width of the model's residual stream");

    [Fact]
    public void Check_AnotherLayer_IsRefused() => AssertRefused(GemmaScope, 2304, 13, "gemma-2-2b",
        "sae: the SAE belongs to layer 12 (blocks.12.hook_resid_post), but it is configured for layer 13");

    [Fact]
    public void Check_AnotherModel_IsRefused() => AssertRefused(GemmaScope, 2304, 12, "gemma-2-9b-it",
        "sae: the SAE was trained on gemma-2-2b, expected one for gemma-2-9b-it");

    [Theory]
    [InlineData("blocks.12.hook_mlp_out")]
    [InlineData("blocks.12.hook_resid_pre")]
    [InlineData("blocks.12.attn.hook_z")]
    public void Check_AnotherHook_IsRefused(string hook) => AssertRefused(GemmaScope with { HookName = hook }, 2304, 12, null,
        $"sae: the SAE reads {hook}, expected blocks.12.hook_resid_post");

    [Theory]
    [InlineData("gemma-2-2b", "gemma-2-2b-it", false)]
    [InlineData("gemma-2-2b", "gemma-2-9b", true)]
    [InlineData("gemma-2-2b", "gemma-2b-it", false)]
    [InlineData("gemma-2-2b", "gemma-3-2b", true)]
    [InlineData("gemma2", "llama31", true)]
    [InlineData("gemma2", "gemma2-hub", false)]
    [InlineData("Llama3_1-8B-Base", "meta-llama/Llama-3.1-8B-Instruct", false)]
    [InlineData("Llama3_1-8B-Base", "Meta-Llama-3-8B-Instruct", true)]
    [InlineData("meta-llama/Llama-3.1-8B", "Llama-3.1-70B", true)]
    [InlineData("llama3.1-8b", "llama31", false)]
    [InlineData("refusal-demo-135m", "demo", false)]
    [InlineData("gemma-3-270m", "gemma-3-1b", true)]
    public void Disagree_TwoNames_OnlyWhereFamilyVersionOrSizeContradict(string sae, string model, bool disagree)
    {
        Assert.Equal(disagree, SaeFit.Disagree(sae, model));
        Assert.Equal(disagree, SaeFit.Disagree(model, sae));
    }

    private static void AssertRefused(SaeConfig sae, int modelDim, int layer, string? model, string expected) => Assert.StartsWith(
        expected, Assert.Throws<CheckpointFormatException>(() => SaeFit.Check("sae", sae, modelDim, layer, model)).Message, StringComparison.Ordinal);
}
