using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Pruning;
using RefusalExplorer.Pipeline.Tests.Pruning;
using static RefusalExplorer.Benchmarks.Timing;

namespace RefusalExplorer.Benchmarks;

/// <summary>
/// Stage 2 for one prompt of the demo model with the paper's settings (N = 5, three seeds, eight thresholds): all chains as one batch, against
/// Algorithm 1 as printed, one forward through whole SAEs for each probability. Prints both times, the ratio, and how many decisions agree.
/// </summary>
internal static class PruningBenchmark
{
    private const int DirectionLayer = 20;
    private const int PromptsPerSide = 12;
    private const int TopPerLayer = 5;

    public static void Run(string[] args)
    {
        TorchNative.EnsureLoaded();
        ModelSpec spec = DemoBenchmark.Spec();
        using LanguageModel model = ModelLoader.Load(spec);
        ImmutableArray<int> prompt = Encode(model, DemoPrompts.Read("harmful", "test").Items[3].Instruction);
        FeatureId[] pool = Pool(model);
        var settings = new PruningSettings();
        Say($"{prompt.Length} tokens, {pool.Length} candidates on {spec.Saes.Count} layers, N = {settings.BlockSize}, {settings.Seeds.Length} seeds, {settings.Thresholds.Length} thresholds");

        var ours = new EngineAblationProbability(model, prompt, pool, TokenScope.AllButFirst);
        PruningResult result = ChainPruner.Prune(pool, ours, settings);
        double seconds = Seconds(() => result = ChainPruner.Prune(pool, ours, settings));

        using var literal = new LiteralForward(model, spec, prompt, pool);
        literal.Probability(pool.Length, new HashSet<int>());
        int decisions = 0, same = 0;
        double literalSeconds = Seconds(() =>
        {
            for (int t = 0; t < settings.Thresholds.Length; t++)
            {
                foreach (PruningChain chain in result.Chains)
                {
                    (List<bool> accepted, _) = LiteralAlgorithm1.Run(
                        pool.Length, settings.BlockSize, settings.Thresholds[t], chain.Seed, ablated => literal.Probability(pool.Length, ablated));
                    decisions += accepted.Count;
                    same += accepted.Zip(chain.Decisions[t].Accepted).Count(p => p.First == p.Second);
                }
            }
        });
        Say($"ours {seconds:0.00} s ({result.Evaluations} sets as one batch); literal {literalSeconds:0.0} s ({literal.Forwards} forwards); {literalSeconds / seconds:0.0} times");
        Say($"decisions: {same} of {decisions} the same; largest set kept {result.Sets.Max(s => s.Features.Length)}, smallest {result.Sets.Min(s => s.Features.Length)}");
    }

    // Candidates as Stage 1 picks them: nearest to a difference of means, here of a few prompts.
    private static FeatureId[] Pool(LanguageModel model)
    {
        float[] direction = new float[model.Config.ModelDim];
        foreach ((string side, float sign) in new[] { ("harmful", 1f), ("harmless", -1f) })
        {
            ImmutableArray<int>[] rows = [.. DemoPrompts.Read(side, "train").Items.Take(PromptsPerSide).Select(p => Encode(model, p.Instruction))];
            foreach (float[] last in model.LastResiduals(rows, DirectionLayer))
            {
                for (int d = 0; d < direction.Length; d++)
                    direction[d] += sign * last[d] / PromptsPerSide;
            }
        }
        return [.. model.SaeLayers.SelectMany(layer =>
        {
            float[] cosines = model.Sae(layer).DecoderCosines(direction);
            return Enumerable.Range(0, cosines.Length).OrderByDescending(f => cosines[f]).Take(TopPerLayer).Select(f => new FeatureId(layer, f));
        })];
    }

    private static ImmutableArray<int> Encode(LanguageModel model, string text) => PromptEncoder.Encode(model, PromptSource.User(text)).Ids;

    private static double Seconds(Action action) => Once(action) / 1e3;
}
