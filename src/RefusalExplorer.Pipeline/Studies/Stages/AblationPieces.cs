using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>P("I") of many ablation sets of one prompt, in pieces of so many tokens.</summary>
internal sealed class AblationPieces(StudyContext context, StudyState state)
{
    /// <summary>Evaluates the sets.</summary>
    /// <param name="key">Name of the pieces.</param>
    /// <param name="what">One line for those who wait.</param>
    /// <param name="prompt">Which prompt.</param>
    /// <param name="pool">The features that the masks are over.</param>
    /// <param name="masks">The sets.</param>
    /// <param name="expected">Pieces that were announced already.</param>
    public async Task<double[]> EvaluateAsync(
        string key, string what, int prompt, IReadOnlyList<FeatureId> pool, IReadOnlyList<bool[]> masks, int expected = 0)
    {
        IReadOnlyList<Range> parts = Batches.OfCount(masks.Count, Math.Max(1, context.TokensAtOnce / state.Ids[prompt].Length));
        context.Expect(parts.Count - expected);
        List<double> values = [];
        for (int part = 0; part < parts.Count; part++)
        {
            IReadOnlyList<bool[]> sets = parts[part].Of(masks);
            values.AddRange(await context.PieceAsync($"{key}/{part}", what, (model, ct) =>
                model.Probabilities(state.Ids[prompt], new AblationBatch(pool, sets, context.Study.TokenScope), ct)).ConfigureAwait(false));
        }
        return [.. values];
    }
}
