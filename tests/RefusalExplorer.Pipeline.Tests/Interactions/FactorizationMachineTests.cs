using CsCheck;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Interactions;

public class FactorizationMachineTests
{
    private static readonly FactorizationMachineSettings Small = new() { EmbeddingSize = 3, Epochs = 3, BatchSize = 4, LearningRate = 0.02, InitialDeviation = 0.4, Seed = 7 };

    [Fact]
    public void Predict_AnySample_EqualsTheDoubleLoopOverPairs() =>
        Gen.Select(Gen.Int[1, 30], Gen.Int[0, 25], Gen.Int[0, 10_000]).Sample((features, size, seed) =>
        {
            FactorizationMachine model = FactorizationMachine.Initial(
                [.. Enumerable.Range(0, features).Select(i => new FeatureId(1, i))], Small with { EmbeddingSize = size, Seed = seed });
            SeededRandom random = new(seed);
            for (int i = 0; i < features; i++)
                model.Rows[(i * model.Stride) + size] = (float)random.NextGaussian();
            double[] x = [.. Enumerable.Range(0, features).Select(_ => random.NextInt(3) == 0 ? (float)random.NextGaussian() : 0.0)];
            int[] columns = [.. Enumerable.Range(0, features).Where(i => x[i] != 0)];
            double fast = model.Predict(columns, [.. columns.Select(i => (float)x[i])]);
            return Math.Abs(fast - new LiteralFactorizationMachine(model).Predict(x)) < 1e-4;
        });

    [Theory]
    [InlineData(AdamVariant.Lazy, 3)]
    [InlineData(AdamVariant.Dense, 3)]
    [InlineData(AdamVariant.Lazy, 0)]
    public void Train_FewSteps_FollowsTheLiteralMachineWithNumericGradients(AdamVariant adam, int size)
    {
        // Dense enough that no sample has a single feature: its gradient is 0 but for rounding, which Adam would blow up to a step of any sign.
        InteractionDataset data = InteractionData.Random(prompts: 20, features: 9, density: 0.6, seed: 3, new() { LastTokens = 1 });
        Assert.All(Enumerable.Range(0, data.TrainCount), r => Assert.True(data.Train.Columns(r).Length > 1));
        FactorizationMachineSettings settings = Small with { Adam = adam, EmbeddingSize = size };
        FactorizationMachineResult result = FactorizationMachineTrainer.Train(data, settings);
        double[] literal = new LiteralFactorizationMachine(FactorizationMachine.Initial(data.Features, settings))
            .Train(data.Train, settings)[result.BestEpoch - 1];
        double[] fast = new LiteralFactorizationMachine(result.Model).Parameters;
        Assert.Equal(literal.Length, fast.Length);
        Assert.All(literal.Zip(fast), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    [Fact]
    public void Train_LazyAndDenseAdam_DifferWhereFeaturesComeAndGo()
    {
        InteractionDataset data = InteractionData.Random(20, 9, 0.3, 3, new() { LastTokens = 1 });
        FactorizationMachine lazy = FactorizationMachineTrainer.Train(data, Small).Model;
        FactorizationMachine dense = FactorizationMachineTrainer.Train(data, Small with { Adam = AdamVariant.Dense }).Model;
        Assert.NotEqual(lazy.Rows, dense.Rows);
    }

    [Theory]
    [InlineData(AdamVariant.Lazy)]
    [InlineData(AdamVariant.Dense)]
    public void Train_AnyNumberOfThreads_IsTheSameBitForBit(AdamVariant adam)
    {
        InteractionDataset data = InteractionData.Random(60, 200, 0.2, 5);
        FactorizationMachineSettings settings = new() { Epochs = 2, Adam = adam };
        FactorizationMachineResult one = FactorizationMachineTrainer.Train(data, settings, threads: 1);
        FactorizationMachineResult many = FactorizationMachineTrainer.Train(data, settings, threads: 8);
        Assert.Equal(one.Model.Rows, many.Model.Rows);
        Assert.Equal(one.Curve, many.Curve);
    }

    [Fact]
    public void Train_InteractionThatNoLinearRuleSees_IsLearnedByTheMachineAndNotByTheProbe()
    {
        InteractionDataset data = InteractionData.ExclusiveOr(prompts: 800, noise: 20, seed: 1);
        FactorizationMachineSettings settings = new() { LearningRate = 0.02, InitialDeviation = 0.1 };
        FactorizationMachineResult machine = FactorizationMachineTrainer.Train(data, settings);
        FactorizationMachineResult probe = FactorizationMachineTrainer.Train(data, settings with { EmbeddingSize = 0 });
        Assert.InRange(machine.Test.Accuracy, 0.98, 1);
        Assert.InRange(probe.Test.Accuracy, 0, 0.7);
        Assert.True(machine.Curve[^1].TrainLoss < machine.Curve[0].TrainLoss / 4);
    }

    [Fact]
    public void Train_BestEpoch_IsTheOneWithTheHighestValidationAccuracy()
    {
        FactorizationMachineResult result = FactorizationMachineTrainer.Train(InteractionData.Random(80, 30, 0.3, 9), new() { LearningRate = 0.05 });
        EpochMetrics best = result.Curve.OrderByDescending(e => e.Validation.Accuracy).ThenBy(e => e.ValidationLoss).First();
        Assert.Equal(best.Epoch, result.BestEpoch);
        Assert.Equal(20, result.Curve.Length);
    }

    [Fact]
    public void Train_Cancelled_Stops()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            FactorizationMachineTrainer.Train(InteractionData.Random(20, 9, 0.3, 3), cancellation: source.Token));
    }

    [Fact]
    public void Train_UnusableSettings_SayWhatWasExpected() =>
        Assert.Contains("embedding 20, 0 epochs", Assert.Throws<PipelineException>(() =>
            FactorizationMachineTrainer.Train(InteractionData.Random(20, 9, 0.3, 3), new() { Epochs = 0 })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, true, 0.6931471805599453)]
    [InlineData(-1000, true, 1000)]
    [InlineData(1000, true, 0)]
    [InlineData(1000, false, 1000)]
    public void Loss_AtTheEnds_StaysFinite(double logit, bool label, double expected) =>
        Assert.Equal(expected, FactorizationMachineTrainer.Loss(logit, label), 1e-12);
}
