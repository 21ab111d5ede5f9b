using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Interactions;

/// <summary>Synthetic activations.</summary>
internal static class InteractionData
{
    /// <summary>Prompts of four tokens with random active features among <paramref name="features"/>.</summary>
    public static InteractionDataset Random(int prompts, int features, double density, long seed, InteractionDatasetSettings? settings = null)
    {
        SeededRandom random = new(seed);
        InteractionDatasetBuilder builder = new(settings);
        for (int p = 0; p < prompts; p++)
        {
            builder.Add(p % 2 == 0,
            [
                .. Enumerable.Range(0, 4).Select(_ => (IReadOnlyList<ActiveFeature>)
                [
                    .. Enumerable.Range(0, features).Where(_ => random.NextDouble() < density)
                        .Select(f => new ActiveFeature(new FeatureId(2 + (f % 3), f), (float)(0.2 + random.NextDouble()))),
                ]),
            ]);
        }
        return builder.Build();
    }

    /// <summary>
    /// Harmful means that exactly one of features 0 and 1 fires beside feature 2: no linear rule can tell, while a pair interaction can.
    /// Features 3 … fire at random.
    /// </summary>
    public static InteractionDataset ExclusiveOr(int prompts, int noise, long seed)
    {
        SeededRandom random = new(seed);
        InteractionDatasetBuilder builder = new(new() { LastTokens = 1, Scaling = ActivationScaling.None });
        for (int p = 0; p < prompts; p++)
        {
            bool first = p % 2 == 0, second = p / 2 % 2 == 0;
            List<ActiveFeature> active = [new(new FeatureId(2, 2), 1)];
            if (first)
                active.Add(new(new FeatureId(2, 0), 1));
            if (second)
                active.Add(new(new FeatureId(2, 1), 1));
            for (int f = 0; f < noise; f++)
            {
                if (random.NextDouble() < 0.2)
                    active.Add(new(new FeatureId(3, f), 1));
            }
            builder.Add(first != second, [active]);
        }
        return builder.Build();
    }
}
