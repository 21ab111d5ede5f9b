using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Generation;

/// <summary>One pass of a batch through all blocks, under a plan, into a cache.</summary>
internal sealed class ForwardPass(Transformer model, InterventionPlan? plan, KeyValueCache? cache, CancellationToken cancellation)
{
    /// <summary>Called with the residual stream, [B or 1, T, D]: at l as block l reads it, and at L as the last block leaves it.</summary>
    public Action<int, Tensor>? OnResidual { get; init; }

    /// <summary>
    /// Runs the columns of <paramref name="tokens"/>. Rows that share all tokens run as one until an edit makes them differ: the edit
    /// broadcasts, so nothing is copied before.
    /// </summary>
    /// <returns>The last block's output [B, T, D], or [1, T, D] where nothing made shared rows differ.</returns>
    public Tensor Run(int[][] ids, int[] padding, int past, bool shared, StepTokens tokens)
    {
        using var scope = NewDisposeScope();
        Device device = model.Target.Device;
        int[][] distinct = shared ? [ids[0]] : ids;
        int columns = ids[0].Length;
        AttentionInputs inputs = AttentionInputs.Create(model.Config, model.Rotary, padding, columns, past, cache, device);
        Tensor resid_BTD = model.Embed(tensor(distinct.SelectMany(r => r).Select(i => (long)i).ToArray(), device: device)
            .view(distinct.Length, columns));
        for (int l = 0; l < model.Config.Layers; l++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var blockScope = NewDisposeScope();
            resid_BTD = model.Block(l, resid_BTD, inputs, Hook).MoveToOuterDisposeScope();
        }
        OnResidual?.Invoke(model.Config.Layers, resid_BTD);
        cache?.Advance(columns);
        return resid_BTD.MoveToOuterDisposeScope();

        Tensor Hook(int layer, ResidualSite site, Tensor resid)
        {
            Tensor edited = plan is null || plan.IsEmpty ? resid : plan.Apply(layer, site, resid, tokens);
            if (site == ResidualSite.Pre)
                OnResidual?.Invoke(layer, edited);
            return edited;
        }
    }
}
