using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>A direction as experiments use it.</summary>
/// <param name="Id">Its id in the store.</param>
/// <param name="Hook">Where it was read.</param>
/// <param name="Values">[D], unnormalised.</param>
public sealed record RefusalVector(string Id, string Hook, ImmutableArray<float> Values);

/// <summary>
/// The direction that pages show a model with until a study has chosen a better one: the difference of means of the last token's residual
/// (paper, "Deriving a Refusal Steering Vector") over the embedded training prompts. Computed once for each set of weights, then stored.
/// </summary>
public sealed class DefaultDirections(IDirectionStore store)
{
    private const int PromptsOfEachKind = 128;
    private const int RowsAtOnce = 16;

    /// <summary>The stored direction of that id, or the model's default. Call on the engine thread.</summary>
    /// <param name="model">The model.</param>
    /// <param name="configured">Its settings: they may name the layer.</param>
    /// <param name="id">A stored direction's id, or null for the default.</param>
    /// <param name="progress">Told the share of prompts read, if they must be.</param>
    /// <param name="cancellation">Checked between prompts.</param>
    /// <exception cref="EngineException">No direction of that id, or the model has no chat template.</exception>
    public RefusalVector Get(
        LanguageModel model, ConfiguredModel configured, string? id, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (id is not null)
        {
            return store.TryGet(id, out StoredDirection? named)
                ? new RefusalVector(named.Id, named.Hook, named.Vector)
                : throw new EngineException($"direction '{id}': there is none of that id; see the Studies page, or leave it out for the model's default");
        }
        // Where the settings name no layer, two thirds of the way up is where published directions sit.
        int layer = configured.DirectionLayer ?? (2 * model.Config.Layers / 3);
        string hook = HookPoints.Name(layer, ResidualSite.Post);
        string key = $"mean-difference/{model.Spec.Name}/{model.Fingerprint[..12]}/{model.Spec.Dtype}/{hook}/last";
        if (store.TryGet(key, out StoredDirection? stored))
            return new RefusalVector(stored.Id, stored.Hook, stored.Vector);

        ImmutableArray<float> vector = Compute(model, layer, progress, cancellation);
        store.SaveAsync(new StoredDirection
        {
            Id = key,
            Model = model.Spec.Name,
            Hook = hook,
            Position = -1,
            CreatedAt = DateTimeOffset.UtcNow,
            Vector = vector,
            Metadata = JsonSerializer.Serialize(new { selector = "default layer", prompts = PromptsOfEachKind, sets = "demo train", model.Fingerprint }),
        }, cancellation).GetAwaiter().GetResult();
        return new RefusalVector(key, hook, vector);
    }

    private static ImmutableArray<float> Compute(LanguageModel model, int layer, IProgress<double>? progress, CancellationToken cancellation)
    {
        var difference = new double[model.Config.ModelDim];
        int done = 0;
        foreach ((string kind, int sign) in new[] { ("harmful", 1), ("harmless", -1) })
        {
            ImmutableArray<PromptItem> prompts = [.. DemoPrompts.Read(kind, "train").Items.Take(PromptsOfEachKind)];
            foreach (PromptItem[] chunk in prompts.Chunk(RowsAtOnce))
            {
                ImmutableArray<int>[] rows = [.. chunk.Select(p => PromptEncoder.Encode(model, PromptSource.User(p.Instruction)).Ids)];
                foreach (float[] resid_D in model.LastResiduals(rows, layer, cancellation))
                {
                    for (int d = 0; d < difference.Length; d++)
                        difference[d] += sign * (double)resid_D[d] / prompts.Length;
                }
                done += chunk.Length;
                progress?.Report(done / (2.0 * PromptsOfEachKind));
            }
        }
        return [.. difference.Select(d => (float)d)];
    }
}
