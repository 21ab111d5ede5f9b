using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Interactions;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Interactions;

public class InteractionDatasetTests
{
    private static readonly FeatureId A = new(2, 5), B = new(3, 1);

    private static InteractionDataset Build(InteractionDatasetSettings settings, int prompts = 20)
    {
        InteractionDatasetBuilder builder = new(settings);
        for (int p = 0; p < prompts; p++)
            builder.Add(p % 2 == 0, [[new(B, 9)], [new(A, 1)], [new(B, 4), new(A, 3)], [], [new(A, 2)]]);
        return builder.Build();
    }

    private static double[] FirstRows(InteractionDataset data, int rows) =>
        [.. Enumerable.Range(0, rows).SelectMany(r => LiteralFactorizationMachine.Dense(data.Train, r))];

    [Theory]
    [InlineData(TokenPooling.Separate, 4, new[] { 1.0, 0, 3, 4, 0, 0, 2, 0 })]
    [InlineData(TokenPooling.Max, 1, new[] { 3.0, 4 })]
    [InlineData(TokenPooling.Mean, 1, new[] { 1.5, 1 })]
    public void Build_LastFourTokens_ArePooledAsAsked(TokenPooling pooling, int samplesAPrompt, double[] expected)
    {
        InteractionDataset data = Build(new() { Pooling = pooling, Scaling = ActivationScaling.None });
        Assert.Equal([A, B], data.Features);
        Assert.Equal((16 * samplesAPrompt, 2 * samplesAPrompt, 2 * samplesAPrompt), (data.TrainCount, data.ValidationCount, data.TestCount));
        Assert.Equal(expected, FirstRows(data, samplesAPrompt));
    }

    [Fact]
    public void Build_ScaledByMaximum_HasOneAsEachFeaturesLargestTrainingValue() =>
        Assert.Equal([1 / 3f, 0, 1, 1, 0, 0, 2 / 3f, 0], FirstRows(Build(new()), 4).Select(x => (float)x));

    [Fact]
    public void Build_Split_HoldsBothLabelsInTheSharesAsked()
    {
        InteractionDataset data = Build(new() { LastTokens = 1 }, prompts: 100);
        Assert.Equal([(80, 40), (10, 5), (10, 5)], new[] { data.Train, data.Validation, data.Test }.Select(r => (r.Count, r.Labels.Count(l => l))));
    }

    [Fact]
    public void Build_FeatureSeenOnlyOutsideTraining_IsNoColumn()
    {
        InteractionDatasetBuilder builder = new(new() { LastTokens = 1 });
        for (int p = 0; p < 40; p++)
            builder.Add(p % 2 == 0, [[new(new FeatureId(4, p), 1), new(A, 1)]]);
        InteractionDataset data = builder.Build();
        Assert.Equal(33, data.Features.Length);
        Assert.Equal(64 + 4 + 4, data.NonZeros);
    }

    [Fact]
    public void Build_TooFewPrompts_SaysHowMany() =>
        Assert.Contains("2 harmful prompts split into 2, 0 and 0", Assert.Throws<PipelineException>(() => Build(new(), prompts: 4)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0f, "activation 0")]
    [InlineData(float.NaN, "activation NaN")]
    public void Add_ActivationThatIsNotPositive_NamesPromptAndFeature(float value, string message)
    {
        PipelineException e = Assert.Throws<PipelineException>(() => new InteractionDatasetBuilder().Add(true, [[new(A, value)]]));
        Assert.Contains("prompt 1, L2-5: " + message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_FeatureTwiceOnAToken_IsRefused() =>
        Assert.Contains("L2-5: it comes twice", Assert.Throws<PipelineException>(() =>
            new InteractionDatasetBuilder().Add(true, [[new(A, 1), new(B, 1), new(A, 2)]])).Message, StringComparison.Ordinal);
}
