using System.Text.Json;
using System.Text.Json.Nodes;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Studies;

/// <summary>Definitions as people write them: what is as the paper has it is left out.</summary>
public static class StudyShort
{
    /// <summary>The definition without settings that have their usual value; read back, it is the same definition.</summary>
    public static string Of(StudyDefinition study)
    {
        JsonObject full = Node(study);
        // The usual values are those of a definition that says nothing but what must be said.
        JsonObject usual = Node(new StudyDefinition { Name = "", Model = "", Sets = new StudySets { Prompts = new PromptSelection { Set = "" } } });
        JsonObject selection = (JsonObject)usual["sets"]!["prompts"]!;
        Prune(full, usual);
        if (full["sets"] is JsonObject sets)
        {
            foreach (string name in sets.Select(s => s.Key).ToArray())
            {
                if (sets[name] is JsonObject set)
                    sets[name] = ShortSet(set, selection);
            }
        }
        return full.ToJsonString(StudyJson.Indented) + "\n";
    }

    /// <summary>All settings with their paths, for comparing two definitions: <c>prune.blockSize</c> and its value as JSON.</summary>
    public static IReadOnlyDictionary<string, string> Flat(StudyDefinition study)
    {
        Dictionary<string, string> flat = new(StringComparer.Ordinal);
        Flatten(Node(study), "");
        return flat;

        void Flatten(JsonNode? node, string path)
        {
            if (node is JsonObject { Count: > 0 } inner)
            {
                foreach ((string key, JsonNode? value) in inner)
                    Flatten(value, path.Length == 0 ? key : $"{path}.{key}");
            }
            else
            {
                flat[path] = node?.ToJsonString(StudyJson.Options) ?? "null";
            }
        }
    }

    /// <summary>Writes one value into a definition's text, and leaves the rest of it as it is.</summary>
    /// <param name="text">The definition; an object.</param>
    /// <param name="value">The value; null removes the field, which is then as the paper has it.</param>
    /// <param name="path">Names from the outermost on.</param>
    public static string Set(string text, JsonNode? value, params ReadOnlySpan<string> path)
    {
        var root = (JsonObject)JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        JsonObject at = root;
        foreach (string name in path[..^1])
        {
            at[name] = at[name] switch
            {
                JsonObject there => there.DeepClone(),
                // A bare name of a set stands for the whole set.
                JsonValue set => new JsonObject { ["set"] = set.DeepClone() },
                _ => new JsonObject(),
            };
            at = (JsonObject)at[name]!;
        }
        if (value is null)
            at.Remove(path[^1]);
        else
            at[path[^1]] = value;
        return root.ToJsonString(StudyJson.Indented) + "\n";
    }

    private static JsonObject Node(StudyDefinition study) => (JsonObject)JsonSerializer.SerializeToNode(study, StudyJson.Options)!;

    private static void Prune(JsonObject full, JsonObject usual)
    {
        foreach ((string key, JsonNode? value) in full.ToArray())
        {
            JsonNode? there = usual[key];
            if (key != "sets" && JsonNode.DeepEquals(value, there))
                full.Remove(key);
            else if (value is JsonObject inner && there is JsonObject other)
                Prune(inner, other);
            else if (value is null)
                full.Remove(key);
        }
    }

    private static JsonNode ShortSet(JsonObject set, JsonObject usual)
    {
        foreach ((string key, JsonNode? value) in set.ToArray())
        {
            if (key != "set" && JsonNode.DeepEquals(value, usual[key]))
                set.Remove(key);
        }
        return set.Count == 1 && set["set"] is { } name ? name.DeepClone() : set.DeepClone();
    }
}
