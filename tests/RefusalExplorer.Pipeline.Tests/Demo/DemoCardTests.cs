using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Tests.Analyses;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Demo;

/// <summary>The demo model's card: the page's default direction and its top features remove the refusal of twelve prompts, random ones do not.</summary>
public sealed class DemoCardTests
{
    private const int Prompts = 12;

    [Fact]
    public async Task TopFiveALayer_RemoveTheRefusal_AndRandomOnesDoNot()
    {
        await using var host = new EngineHost(new EngineOptions());
        var catalog = new ModelCatalog([]);
        (double baseline, double ablated, double random) = await host.RunAsync("card", (session, ct) =>
        {
            LanguageModel model = session.Model(catalog.Resolve(DemoModel.Name));
            RefusalVector direction = new DefaultDirections(new MemoryDirections()).Get(model, catalog.Configured(DemoModel.Name), null, null, ct);
            FeatureId[] top = [.. model.SaeLayers.SelectMany(layer =>
            {
                float[] cosines = model.Sae(layer).DecoderCosines(direction.Values.AsSpan());
                return Enumerable.Range(0, cosines.Length).OrderByDescending(f => cosines[f]).Take(5).Select(f => new FeatureId(layer, f));
            })];
            var edits = InterventionSet.Of(Intervention.Ablate(top, TokenScope.AllButFirst));
            ImmutableArray<int>[] prompts =
                [.. DemoPrompts.Read("harmful", "test").Items.Take(Prompts).Select(p => PromptEncoder.Encode(model, PromptSource.User(p.Instruction)).Ids)];
            double Mean(InterventionSet set) => model
                .Forward([.. prompts.Select(p => new PromptRow(p, set))], CaptureSpec.LastLogits, ct)
                .Average(f => Probability.Mass(f.LastLogits, model.RefusalTokens));
            return (Mean(InterventionSet.Empty), Mean(edits), Mean(RandomControls.Imitate(model, edits, 0)));
        }, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(0.81, baseline, 0.05);
        Assert.InRange(ablated, 0, 0.02);
        Assert.Equal(baseline, random, 0.05);
    }
}
