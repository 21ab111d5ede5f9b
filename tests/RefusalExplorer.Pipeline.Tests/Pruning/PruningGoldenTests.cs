using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Pruning;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Pruning;

/// <summary>The reference's step-by-step run of Algorithm 1: given its draws and its probabilities, our decisions must be its decisions.</summary>
public class PruningGoldenTests
{
    [Theory]
    [InlineData("gemma2")]
    [InlineData("llama31")]
    public void Prune_ReferenceDraws_GiveItsDecisionsAtEveryThreshold(string model)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Goldens", "pipeline", model + ".json")));
        JsonElement root = document.RootElement;
        FeatureId[] pool = Features(root.GetProperty("algorithm1").GetProperty("candidates"));
        int n = root.GetProperty("algorithm1").GetProperty("N").GetInt32();
        JsonElement[] chains = [.. root.GetProperty("chains").EnumerateArray()];
        Dictionary<string, double> table = [];
        List<(long, ImmutableArray<ImmutableArray<int>>)> draws = [];
        foreach (JsonElement chain in chains)
        {
            ImmutableArray<ImmutableArray<int>> blocks =
                [.. Features(chain.GetProperty("permutation")).Select(f => Array.IndexOf(pool, f)).Chunk(n).Where(b => b.Length == n).Select(b => b.ToImmutableArray())];
            draws.Add((draws.Count, blocks));
            Tabulate(table, pool.Length, blocks, chain.GetProperty("taus")[0].GetProperty("steps"));
        }
        ImmutableArray<double> thresholds = [.. chains[0].GetProperty("taus").EnumerateArray().Select(t => t.GetProperty("tau").GetDouble())];

        PruningResult result = ChainPruner.Prune(pool, draws, new FakeProbability(m => table[Key(m)]), thresholds, null, default);

        foreach ((PruningChain ours, JsonElement theirs) in result.Chains.Zip(chains))
        {
            foreach ((ChainDecision decision, JsonElement tau) in ours.Decisions.Zip(theirs.GetProperty("taus").EnumerateArray()))
            {
                Assert.Equal(tau.GetProperty("accepted").EnumerateArray().Select(a => a.GetBoolean()), decision.Accepted);
                Assert.Equal(Features(tau.GetProperty("kept")).Order(), decision.Kept);
            }
            double[] deltas = [.. theirs.GetProperty("taus")[0].GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("delta").GetDouble())];
            Assert.Equal(deltas, ours.Changes);
        }
        foreach ((FaithfulSet set, JsonElement theirs) in result.Sets.Zip(root.GetProperty("intersection").EnumerateArray()))
            Assert.Equal(Features(theirs.GetProperty("features")).Order(), set.Features);
    }

    private static void Tabulate(Dictionary<string, double> table, int poolSize, ImmutableArray<ImmutableArray<int>> blocks, JsonElement steps)
    {
        bool[] mask = [.. Enumerable.Repeat(true, poolSize)];
        foreach ((ImmutableArray<int> block, JsonElement step) in blocks.Zip(steps.EnumerateArray()))
        {
            table[Key(mask)] = step.GetProperty("before").GetDouble();
            foreach (int place in block)
                mask[place] = false;
            table[Key(mask)] = step.GetProperty("after").GetDouble();
        }
    }

    private static string Key(bool[] mask) => string.Concat(mask.Select(m => m ? '1' : '0'));

    private static FeatureId[] Features(JsonElement pairs) => [.. pairs.EnumerateArray().Select(p => new FeatureId(p[0].GetInt32(), p[1].GetInt32()))];
}
