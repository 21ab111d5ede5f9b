using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>Refuses the nulls of a request's JSON that its types do not keep out: in required fields, in lists, in place of a map.</summary>
internal static class ProbeNulls
{
    /// <exception cref="EngineException">There is one; <paramref name="where"/> and the field are named.</exception>
    public static void Check(ProbeRequest request, string where)
    {
        if (request.Model is null)
            throw Found("model", "a configured name or a path");
        if (request.Saes is null)
            throw Found("saes", "a map of layers to paths; leave it out for the configured ones");
        foreach ((int layer, string path) in request.Saes)
        {
            if (path is null)
                throw Found($"saes.{layer}", "a path");
        }
        if (request.Capture.IndexOf(null!) is >= 0 and int capture)
            throw Found($"capture[{capture}]", "the name of what to capture");
        for (int i = 0; i < (request.Messages?.Length ?? 0); i++)
        {
            if (request.Messages!.Value[i] is not { Role: not null, Content: not null })
                throw Found($"messages[{i}]", "an object with \"role\" and \"content\"");
        }

        EngineException Found(string field, string expected) => new($"{where}: {field}: expected {expected}, found null");
    }
}
