using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>Reads the interventions of a request.</summary>
internal static class ProbeInterventions
{
    /// <param name="items">As the request has them.</param>
    /// <param name="direction">The request's direction, or null.</param>
    /// <exception cref="EngineException">An unknown operation, a missing value, a bad feature, scope or layer: with its place in the list.</exception>
    public static InterventionSet Parse(ImmutableArray<ProbeIntervention> items, ImmutableArray<float>? direction) =>
        new([.. items.Select((item, i) => At(i, () => Parse(item, direction)))]);

    /// <summary>Refuses edits that do nothing on this model and prompt.</summary>
    /// <param name="edits">As <see cref="Parse(ImmutableArray{ProbeIntervention}, ImmutableArray{float}?)"/> gave them.</param>
    /// <param name="model">The model.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="newTokens">Most tokens that are generated after it.</param>
    /// <exception cref="EngineException">A layer or a position is not there: with the edit's place in the list.</exception>
    public static void Check(InterventionSet edits, LanguageModel model, int promptTokens, int newTokens)
    {
        for (int i = 0; i < edits.Items.Length; i++)
        {
            Intervention edit = edits.Items[i];
            At(i, () =>
            {
                model.Check(edit);
                CheckPositions(edit.Scope, promptTokens, newTokens);
                return edit;
            });
        }
    }

    private static void CheckPositions(TokenScope scope, int promptTokens, int newTokens)
    {
        long last = (long)promptTokens + newTokens - 1;
        foreach (int position in scope.Positions.Where(p => p > last))
        {
            string generated = newTokens > 0 ? $" and at most {newTokens} are generated" : "";
            throw new EngineException($"position {position}: the prompt has {promptTokens} tokens{generated}; expected 0 to {last}");
        }
    }

    private static Intervention At(int place, Func<Intervention> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is EngineException or FormatException)
        {
            throw new EngineException($"interventions[{place}]: {e.Message}", e);
        }
    }

    private static Intervention Parse(ProbeIntervention? item, ImmutableArray<float>? direction)
    {
        CheckNulls(item);
        TokenScope scope = TokenScope.Parse(item.Scope, item.Positions);
        ImmutableArray<FeatureId> features = [.. item.Features.Select(f => FeatureId.Parse(f))];
        return item.Op.ToUpperInvariant() switch
        {
            "ABLATE" or "CLAMP" or "SCALE" when !item.NamesFeatures => throw Missing("features", item.Op),
            "ABLATE" => Intervention.Ablate(features, scope),
            "CLAMP" => Intervention.Clamp(features, item.Value ?? throw Missing("value", "clamp"), scope),
            "SCALE" => Intervention.Scale(features, item.Value ?? throw Missing("value", "scale"), scope),
            "ADD" => Intervention.Add(Direction(direction, "add"), item.Coefficient ?? 1, item.Layer ?? throw Missing("layer", "add"), scope),
            "PROJECTOUT" => Intervention.ProjectOut(Direction(direction, "projectOut"), scope, Layers(item)),
            _ => throw new EngineException($"op '{item.Op}': expected ablate, clamp, scale, add or projectOut"),
        };
    }

    // JSON's null gets past the types, in lists and in fields.
    private static void CheckNulls([NotNull] ProbeIntervention? item)
    {
        if (item is null)
            throw new EngineException("expected an object with \"op\", found null");
        if (item.Op is null)
            throw new EngineException("op null: expected ablate, clamp, scale, add or projectOut");
        if (item.Scope is null)
            throw new EngineException("scope null: expected a scope such as \"allButFirst\"; leave it out for all tokens");
        if (item.Features.IndexOf(null!) is >= 0 and int at)
            throw new EngineException($"features[{at}]: expected a feature such as L12-98914, found null");
    }

    private static ImmutableArray<float> Direction(ImmutableArray<float>? direction, string op) =>
        direction ?? throw new EngineException($"{op} needs \"direction\" in the request: a safetensors file with 'direction' [D], or a stored direction's id");

    private static EngineException Missing(string field, string op) => new($"{op} needs \"{field}\"");

    private static IEnumerable<int>? Layers(ProbeIntervention item)
    {
        if (item.Layers is not { } layers)
            return item.Layer is { } one ? [one] : null;
        if (layers.ValueKind == JsonValueKind.String && layers.GetString() == "all")
            return null;
        if (layers.ValueKind == JsonValueKind.Array && layers.EnumerateArray().All(l => l.ValueKind == JsonValueKind.Number && l.TryGetInt32(out _)))
            return [.. layers.EnumerateArray().Select(l => l.GetInt32())];
        throw new EngineException($"layers {JsonSerializer.Serialize(layers)}: expected \"all\" or a list of block numbers");
    }
}
