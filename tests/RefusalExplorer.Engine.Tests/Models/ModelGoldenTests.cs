using System.Text.Json;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Models;

public sealed class ModelGoldenTests
{
    // A reduced margin between the best two logits may fall either way in float32.
    private const double LeastGreedyMargin = 1e-3;

    public static TheoryData<string, string> Models => new()
    {
        { "smol", "smol" },
        { "llama31", "llama31" },
        { "llama31-hub", "llama31" },
        { "llama31-sharded", "llama31" },
        { "gemma2", "gemma2" },
        { "gemma2-hub", "gemma2" },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_GoldenCases_EqualsTransformers(string name, string golden)
    {
        using LanguageModel model = Golden.Model(name);
        JsonElement file = Golden.Json("cases", golden + ".json");
        double tolerance = file.GetProperty("toleranceAbs").GetDouble(), residualTolerance = file.GetProperty("toleranceResidualAbs").GetDouble();
        foreach (JsonElement c in file.GetProperty("cases").EnumerateArray())
        {
            ForwardResult result = model.Forward(
                [PromptRow.Plain(Golden.Ids(c.GetProperty("ids")))], new CaptureSpec { AllLogits = true, Residuals = true },
                TestContext.Current.CancellationToken)[0];

            string prefix = c.GetProperty("name").GetString()!;
            Golden.Close(Golden.Tensor(prefix + ".logits", "cases", golden + ".safetensors"), result.AllLogits, tolerance, prefix);
            for (int l = 0; l <= model.Config.Layers; l++)
            {
                float[] expected = Golden.Tensor($"{prefix}.residual.{l}", "cases", golden + ".safetensors");
                Golden.Close(expected, result.Residuals![l], residualTolerance, $"{prefix}.residual.{l}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Forward_AllCasesInOneRaggedBatch_EqualsTransformers(string name, string golden)
    {
        using LanguageModel model = Golden.Model(name);
        JsonElement[] cases = [.. Golden.Json("cases", golden + ".json").GetProperty("cases").EnumerateArray()];

        IReadOnlyList<ForwardResult> results = model.Forward(
            [.. cases.Select(c => PromptRow.Plain(Golden.Ids(c.GetProperty("ids"))))], new CaptureSpec { AllLogits = true },
            TestContext.Current.CancellationToken);

        for (int i = 0; i < cases.Length; i++)
        {
            string tensor = cases[i].GetProperty("logits").GetString()!;
            Golden.Close(Golden.Tensor(tensor, "cases", golden + ".safetensors"), results[i].AllLogits, 2e-4, tensor);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Generate_GoldenCases_GivesTransformersGreedyIds(string name, string golden)
    {
        using LanguageModel model = Golden.Model(name);
        JsonElement[] cases = [.. Golden.Json("cases", golden + ".json").GetProperty("cases").EnumerateArray()
            .Where(c => c.GetProperty("greedyMinMargin").GetDouble() > LeastGreedyMargin)];
        Assert.NotEmpty(cases);

        foreach (bool withoutCache in (bool[])[false, true])
        {
            IReadOnlyList<GenerationResult> results = model.Generate(
                [.. cases.Select(c => PromptRow.Plain(Golden.Ids(c.GetProperty("ids"))))],
                new GenerationOptions { MaxNewTokens = 16, IgnoreEos = true, WithoutCache = withoutCache },
                cancellation: TestContext.Current.CancellationToken);

            for (int i = 0; i < cases.Length; i++)
                Assert.Equal(Golden.Ids(cases[i].GetProperty("greedy")), results[i].Ids);
        }
    }

    [Fact]
    public void Forward_Bfloat16Checkpoint_IsReadAsFloat32()
    {
        using LanguageModel plain = Golden.Model("smol"), half = Golden.Model("smol-bf16");
        PromptRow row = PromptRow.Plain([2, 355, 395, 74, 456]);
        CancellationToken ct = TestContext.Current.CancellationToken;

        float[] expected = plain.Forward([row], CaptureSpec.LastLogits, ct)[0].LastLogits;
        float[] actual = half.Forward([row], CaptureSpec.LastLogits, ct)[0].LastLogits;

        // The weights are rounded to 8 bits of mantissa, the arithmetic is not.
        double error = Math.Sqrt(expected.Zip(actual, (e, a) => Math.Pow(e - a, 2)).Sum() / expected.Sum(e => e * e));
        Assert.InRange(error, 1e-6, 0.02);
    }

    [Theory]
    [InlineData(new int[0], "a prompt of 0 tokens")]
    [InlineData(new[] { 2, 512 }, "token id 512: smol has ids 0 to 511")]
    [InlineData(new[] { -1 }, "token id -1")]
    public void Forward_BadIds_GivesOneClearLine(int[] ids, string expected)
    {
        using LanguageModel model = Golden.Model("smol");

        EngineException e = Assert.Throws<EngineException>(
            () => model.Forward([PromptRow.Plain(ids)], CaptureSpec.LastLogits, TestContext.Current.CancellationToken));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }
}
