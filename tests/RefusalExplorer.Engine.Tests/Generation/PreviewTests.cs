using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Generation;

public sealed class PreviewTests
{
    private static readonly int[] Prompt = [2, 17, 40, 99, 5, 63, 7];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gemma2")]
    [InlineData("llama31")]
    public void Preview_OfManySliderValues_EqualsTheWholePassToTheBit(string name)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        float[] direction = [.. Enumerable.Range(0, model.Config.ModelDim).Select(d => MathF.Sin(d))];
        var capture = new CaptureSpec { CosineTo = [.. direction], LogitLens = true, Choices = 3 };
        Intervention[][] sets =
        [
            [Intervention.Clamp([new FeatureId(2, 5)], 3.5, TokenScope.AllButFirst)],
            [Intervention.Clamp([new FeatureId(2, 5)], -1, TokenScope.AllButFirst)],
            [Intervention.Clamp([new FeatureId(1, 9)], 8, TokenScope.All), Intervention.Ablate([new FeatureId(3, 1)], TokenScope.All)],
            [Intervention.Add(direction, 2, 1, TokenScope.Last(2))],
            [Intervention.ProjectOut(direction, TokenScope.All)],
            [],
            [Intervention.Clamp([new FeatureId(2, 5)], 3.5, TokenScope.AllButFirst)],
        ];

        foreach (Intervention[] set in sets)
        {
            var row = new PromptRow([.. Prompt], InterventionSet.Of(set));
            ForwardResult whole = model.Forward([row], capture, Ct)[0], preview = model.Preview(row, capture, Ct);
            Assert.Equal(whole.LastLogits, preview.LastLogits);
            Assert.Equal(whole.Cosine, preview.Cosine);
            Assert.Equal(whole.LogitLens, preview.LogitLens);
            Assert.Equal(whole.Effects, preview.Effects);
            Assert.Equal(whole.Choices.Select(c => c.Token), preview.Choices.Select(c => c.Token));
        }
    }

    [Fact]
    public void Preview_AskedForResiduals_SaysToUseAWholePass()
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        EngineException e = Assert.Throws<EngineException>(() =>
            model.Preview(PromptRow.Plain(Prompt), new CaptureSpec { Residuals = true }, Ct));
        Assert.Contains("whole pass", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, "add: layer 4: llama31 has layers 0 to 3")]
    [InlineData(-1, "add: layer -1: llama31 has layers 0 to 3")]
    [InlineData(null, "add: no layer is named")]
    public void Edit_OfALayerThatIsNotThere_IsRefusedByEveryPass(int? layer, string says)
    {
        using LanguageModel model = Golden.Model("llama31");
        Intervention add = Intervention.Add(new float[model.Config.ModelDim], 1, 0, TokenScope.All) with { Layers = layer is { } l ? [l] : [] };
        PromptRow row = new([.. Prompt], InterventionSet.Of(add));

        foreach (Action pass in (Action[])[
            () => model.Preview(row, CaptureSpec.LastLogits, Ct), () => model.Forward([row], CaptureSpec.LastLogits, Ct),
            () => model.Generate([row], new GenerationOptions { MaxNewTokens = 1 }, cancellation: Ct)])
        {
            Assert.Contains(says, Assert.Throws<EngineException>(pass).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void FirstBlock_IsTheLowestEditedOne()
    {
        Assert.Null(InterventionSet.Empty.FirstBlock);
        Assert.Equal(3, InterventionSet.Of(
            Intervention.Ablate([new FeatureId(9, 1), new FeatureId(3, 2)], TokenScope.All), Intervention.Add([1], 1, 5, TokenScope.All)).FirstBlock);
        Assert.Equal(0, InterventionSet.Of(Intervention.ProjectOut([1], TokenScope.All)).FirstBlock);
    }
}
