using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>Collects the activations of chosen features, token by token, over all passes of a run.</summary>
internal sealed class ActivationTap(IReadOnlyCollection<FeatureId> features, int rows)
{
    private readonly Dictionary<FeatureId, List<float>>[] _values =
        [.. Enumerable.Range(0, rows).Select(_ => features.ToDictionary(f => f, _ => new List<float>()))];

    /// <param name="layer">The layer.</param>
    /// <param name="slots">Features of the slice.</param>
    /// <param name="acts_BTS">Their activations, [B or 1, T, S].</param>
    /// <param name="origins">Original row of each place in the batch.</param>
    /// <param name="padding">Padding columns of this pass for each place in the batch.</param>
    public void Take(int layer, IReadOnlyList<int> slots, Tensor acts_BTS, IReadOnlyList<int> origins, Func<int, int> padding)
    {
        int[] wanted = [.. Enumerable.Range(0, slots.Count).Where(s => _values[0].ContainsKey(new FeatureId(layer, slots[s])))];
        if (wanted.Length == 0)
            return;
        float[] values = acts_BTS.ToFloats();
        int T = (int)acts_BTS.shape[1], S = slots.Count;
        bool one = acts_BTS.shape[0] == 1;
        for (int place = 0; place < origins.Count; place++)
        {
            int row = one ? 0 : place;
            foreach (int s in wanted)
            {
                List<float> list = _values[origins[place]][new FeatureId(layer, slots[s])];
                for (int t = padding(place); t < T; t++)
                    list.Add(values[(((row * T) + t) * S) + s]);
            }
        }
    }

    public IReadOnlyDictionary<FeatureId, float[]> Row(int origin) => _values[origin].ToDictionary(v => v.Key, v => v.Value.ToArray());
}
