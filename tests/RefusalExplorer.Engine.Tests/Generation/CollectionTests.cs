using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Generation;

public sealed class CollectionTests
{
    private static readonly int[] Ids = [2, 355, 395, 74, 456, 17, 300];

    // Numbers written into operators were freed by a collection in the middle of a pass, once in some thousand passes.
    [Theory]
    [InlineData("llama31")]
    [InlineData("gemma2")]
    public void Forward_WhileTheCollectorRuns_GivesTheSameBits(string name)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        PromptRow row = new([.. Ids], InterventionSet.Of(
            Intervention.Ablate([new FeatureId(1, 3), new FeatureId(2, 5)], TokenScope.All), Intervention.Scale([new FeatureId(2, 7)], 2, TokenScope.All)));
        float[] expected = model.Forward([row], CaptureSpec.LastLogits, TestContext.Current.CancellationToken)[0].LastLogits;
        using var stop = new CancellationTokenSource();
        Thread collector = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (int i = 0; i < 100; i++)
                Assert.Equal(expected, model.Forward([row], CaptureSpec.LastLogits, TestContext.Current.CancellationToken)[0].LastLogits);
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }
}
