using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>Reads a request's direction, whether an edit uses it or not.</summary>
internal static class ProbeDirection
{
    /// <exception cref="EngineException">There is none of that name, or it is no direction of this model: too short or long, without length, not finite.</exception>
    public static ImmutableArray<float> Read(IDirectionSource source, string name, LanguageModel model)
    {
        ImmutableArray<float> direction = source.Read(name);
        if (direction.Length != model.Config.ModelDim)
            throw new EngineException($"direction {name}: the direction has {direction.Length} values; {model.Spec.Name}'s residual stream has {model.Config.ModelDim}");
        for (int d = 0; d < direction.Length; d++)
        {
            if (!float.IsFinite(direction[d]))
                throw new EngineException($"direction {name}: value {d} is not a finite number");
        }
        return direction.Any(v => v != 0)
            ? direction
            : throw new EngineException($"direction {name}: all its values are 0; expected a vector that points somewhere");
    }
}
