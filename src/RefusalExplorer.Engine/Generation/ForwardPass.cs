using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>One pass of a batch through all blocks, under a plan, into a cache.</summary>
internal sealed class ForwardPass(Transformer model, InterventionPlan? plan, KeyValueCache? cache, CancellationToken cancellation)
{
    /// <summary>Called with the residual stream, [B or 1, T, D]: at l as block l reads it, and at L as the last block leaves it.</summary>
    public Action<int, Tensor>? OnResidual { get; init; }

    /// <summary>Blocks to run, from the bottom; null for all. The residual that ends the pass goes to <see cref="OnResidual"/> too.</summary>
    public int? Blocks { get; init; }

    /// <summary>Where the pass begins: a prompt as it enters a block. Null: at the embedding.</summary>
    public Prefix? From { get; init; }

    /// <summary>Called with each block's output [B or 1, T, D] before the edits there.</summary>
    public Action<int, Tensor>? OnOutput { get; init; }

    /// <summary>
    /// Runs the columns of <paramref name="tokens"/>. Rows that share all tokens run as one until an edit makes them differ: the edit
    /// broadcasts, so nothing is copied before.
    /// </summary>
    /// <returns>The last block's output [B, T, D], or [1, T, D] where nothing made shared rows differ.</returns>
    public Tensor Run(int[][] ids, int[] padding, int past, bool shared, StepTokens tokens)
    {
        using var scope = NewDisposeScope();
        Device device = model.Target.Device;
        plan?.Prepare(tokens);
        int[][] distinct = shared ? [ids[0]] : ids;
        int columns = ids[0].Length;
        using AttentionInputs inputs = AttentionInputs.Create(model, padding, columns, past, cache);
        Tensor resid_BTD = From?.Resid_1TD.alias() ?? model.Embed(
            tensor(distinct.SelectMany(r => r).Select(i => (long)i).ToArray(), device: device).view(distinct.Length, columns));
        int blocks = Blocks ?? model.Config.Layers;
        for (int l = From?.Block ?? 0; l < blocks; l++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var blockScope = NewDisposeScope();
            resid_BTD = model.Block(l, resid_BTD, inputs, Hook).MoveToOuterDisposeScope();
        }
        OnResidual?.Invoke(blocks, resid_BTD);
        cache?.Advance(columns);
        return resid_BTD.MoveToOuterDisposeScope();

        Tensor Hook(int layer, ResidualSite site, Tensor resid)
        {
            if (site == ResidualSite.Post)
                OnOutput?.Invoke(layer, resid);
            Tensor edited = plan is null || plan.IsEmpty ? resid : plan.Apply(layer, site, resid, tokens);
            if (site == ResidualSite.Pre)
                OnResidual?.Invoke(layer, edited);
            return edited;
        }
    }
}
