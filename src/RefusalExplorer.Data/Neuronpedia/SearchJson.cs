using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>Reads an answer of the explanation search: <c>{results: [{modelId, layer, index, description, cosine_similarity, neuron}], hasMore, nextOffset}</c>.</summary>
internal static class SearchJson
{
    public static NeuronpediaHits Read(string model, KeptAnswer answer)
    {
        if (answer.Body is null)
            return new NeuronpediaHits([], null, answer.At);
        using JsonDocument document = JsonDocument.Parse(answer.Body);
        JsonElement root = document.RootElement;
        ImmutableArray<NeuronpediaHit> hits = [.. FeatureJson.Items(root, "results").Select(r => Hit(model, r)).OfType<NeuronpediaHit>()];
        bool more = root.TryGetProperty("hasMore", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
        return new NeuronpediaHits(hits, more ? FeatureJson.Index(root, "nextOffset") : null, answer.At);
    }

    private static NeuronpediaHit? Hit(string model, JsonElement json)
    {
        if (FeatureJson.Text(json, "layer") is not { } source || FeatureJson.Index(json, "index") is not { } index)
            return null;
        var key = new NeuronpediaKey(FeatureJson.Text(json, "modelId") ?? model, source, index);
        return FeatureJson.ReadExplanation(key, json) is { } explanation
            ? new NeuronpediaHit(explanation, FeatureJson.Number(json, "cosine_similarity"), json.TryGetProperty("neuron", out JsonElement neuron) ? FeatureJson.Number(neuron, "maxActApprox") : null)
            : null;
    }
}
