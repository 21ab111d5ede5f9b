using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Benchmarks;

/// <summary>
/// Activations of the shape that the paper's Stage 3 has: per token and layer 60 to 100 of 65,536 features, a few of them on most tokens and the
/// rest rare, activations with a long tail, and twenty features a layer that fire more often on harmful prompts.
/// </summary>
internal static class SyntheticActivations
{
    public const int Layers = 16;
    private const int FeaturesALayer = 65_536;
    private const int MarksALayer = 20;
    private const int Tokens = 4;

    public static InteractionDataset Make(int prompts, long seed)
    {
        InteractionDatasetBuilder builder = new();
        SeededRandom random = new(seed);
        for (int p = 0; p < prompts; p++)
        {
            bool harmful = p % 2 == 0;
            builder.Add(harmful, [.. Enumerable.Range(0, Tokens).Select(_ => Token(random, harmful))]);
        }
        return builder.Build();
    }

    private static List<ActiveFeature> Token(SeededRandom random, bool harmful)
    {
        List<ActiveFeature> active = [];
        HashSet<int> seen = [];
        for (int layer = 2; layer < 2 + Layers; layer++)
        {
            seen.Clear();
            for (int f = 0; f < MarksALayer; f++)
            {
                if (random.NextDouble() < (harmful ? 0.3 : 0.03))
                    Add(layer, f);
            }
            int count = 60 + random.NextInt(41);
            while (seen.Count < count)
            {
                // Three in four go to common features, as in a real dictionary; the others can be any.
                double u = random.NextDouble();
                Add(layer, MarksALayer + (int)((FeaturesALayer - MarksALayer) * (random.NextInt(4) > 0 ? Math.Pow(u, 6) : u)));
            }
        }
        return active;

        void Add(int layer, int feature)
        {
            if (seen.Add(feature))
                active.Add(new ActiveFeature(new FeatureId(layer, feature), (float)(0.5 - (3 * Math.Log(1 - random.NextDouble())))));
        }
    }
}
