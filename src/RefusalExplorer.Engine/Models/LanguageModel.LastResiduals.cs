using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <content>Residuals of many prompts' last tokens, as difference-of-means directions need them.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// The last token's residual [D] of each row at a block's output. What all rows begin with (a template's system message) runs once, blocks
    /// above do not run, and nothing is unembedded: a third of the work of <see cref="Forward"/> on prompts of usual length.
    /// </summary>
    /// <param name="rows">At least one row of at least one token, unedited.</param>
    /// <param name="layer">0-based block.</param>
    /// <param name="cancellation">Checked before each block.</param>
    /// <exception cref="EngineException">A row is too long or holds an unknown id.</exception>
    public float[][] LastResiduals(IReadOnlyList<ImmutableArray<int>> rows, int layer, CancellationToken cancellation = default)
    {
        using var scope = BeginWork(rows.Select(r => (IReadOnlyList<int>)r));
        int common = CommonPrefix(rows), columns = rows.Max(r => r.Length) - common;
        var none = new int[rows.Count];
        using var cache = new KeyValueCache(Config, rows.Count, common + columns, _model.Target.Dtype, _model.Target.Device);
        if (common > 0)
            Run([.. rows.Select(r => r[..common].ToArray())], 0, shared: rows.Count > 1, null);

        // Padded on the right: in a causal model nothing that comes later reaches a row's own last token.
        float[][] last = new float[rows.Count][];
        Run([.. rows.Select(r => (int[])[.. r[common..], .. Enumerable.Repeat(r[0], columns - (r.Length - common))])], common, shared: false, Take);
        return last;

        void Run(int[][] ids, int past, bool shared, Action<int, Tensor>? take) =>
            new ForwardPass(_model, null, cache, cancellation) { Blocks = layer + 1, OnResidual = take }.Run(
                ids, none, past, shared, new StepTokens(ids, none, [.. rows.Select(r => r.Length)], past, IsSpecial));

        void Take(int at, Tensor resid_BTD)
        {
            for (int b = 0; at == layer + 1 && b < rows.Count; b++)
            {
                using var rowScope = NewDisposeScope();
                last[b] = resid_BTD[b].select(0, rows[b].Length - common - 1).ToFloats();
            }
        }
    }

    // At least one token of each row is its own, so that each has a last one to read.
    private static int CommonPrefix(IReadOnlyList<ImmutableArray<int>> rows)
    {
        int most = rows.Min(r => r.Length) - 1, common = 0;
        while (common < most && rows.All(r => r[common] == rows[0][common]))
            common++;
        return common;
    }
}
