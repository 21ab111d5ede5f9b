using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Tests.Fuzz;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Pipeline.Studies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Fuzz;

public sealed class RequestFuzzTests : IDisposable
{
    private const string Study = """
        { "name": "demo", "description": "d", "model": "demo",
          "sets": { "prompts": { "set": "demo:harmful_test", "shuffle": true, "take": 20 }, "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" },
          "generation": { "maxNewTokens": 48 },
          "direction": { "selector": "fixed", "hook": "blocks.20.hook_resid_post", "validationCount": 8, "positions": [-1], "score": true },
          "candidates": { "steps": [10, 20, 200], "excludedLayers": [0, 1] },
          "prune": { "blockSize": 5, "thresholds": [0.1, 0.8], "seeds": [1, 2], "controls": 3, "leaveOneOut": true },
          "interactions": { "linearProbe": true, "take": 128, "learningRate": 0.001 } }
        """;

    private const string Probe = """
        { "model": "demo", "device": "cpu", "dtype": "float32", "prompt": "hi", "chat": true, "saes": { "3": "path" }, "direction": "path",
          "interventions": [ { "op": "ablate", "features": ["L3-17"], "scope": "all" }, { "op": "clamp", "features": ["L3-17"], "value": 4.0, "scope": "positions", "positions": [3, 1] },
                             { "op": "projectOut", "layers": "all" }, { "op": "add", "coefficient": 1.0, "layer": 8 }, { "op": "scale", "features": ["L3-1"], "value": 2, "scope": "last:3" } ],
          "capture": ["logits", "residual"], "topLogits": 10, "generate": { "maxNewTokens": 16, "temperature": 0, "seed": 0, "ignoreEos": false } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-fuzz-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void StudyDefinition_IsReadOrRefused()
    {
        StudyJson.Parse(Study, "s.json");
        Survival.Check(5000, m => () => StudyJson.Parse(m.Text(Study), "s.json"));
    }

    [Fact]
    public void ProbeRequest_IsReadOrRefused()
    {
        ReadProbe(Probe);
        Survival.Check(5000, m => () => ReadProbe(m.Text(Probe)));
    }

    [Fact]
    public void TorchFile_IsReadOrRefused()
    {
        string path = Path.Combine(_folder, "direction.pt");
        TorchTensorFile.Write(path, [2, 3], [1, 2, 3, 4, 5, 6]);
        byte[] good = File.ReadAllBytes(path);
        Survival.Check(1500, m => () =>
        {
            File.WriteAllBytes(path, m.Bytes(good));
            TorchTensorFile.Read(path);
        });
    }

    [Fact]
    public void DeepJson_IsRefused_NotAStackOverflow()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"sets\":[", 50_000));
        Assert.ThrowsAny<EngineException>(() => StudyJson.Parse(deep, "s.json"));
        Assert.ThrowsAny<EngineException>(() => ReadProbe(deep));
    }

    // As the probe command and the HTTP API read a request: the JSON first, then the object.
    private static void ReadProbe(string json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        }
        catch (JsonException e)
        {
            throw new EngineException("no JSON", e);
        }
        using (document)
        {
            ProbeRequest request = ProbeJson.Read(document.RootElement, "request");
            ProbeInterventions.Parse(request.Interventions, ImmutableArray.Create(1f, 2f));
        }
    }
}
