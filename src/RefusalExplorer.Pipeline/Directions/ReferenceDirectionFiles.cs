using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>What a run of the reference left.</summary>
/// <param name="Direction">The chosen direction.</param>
/// <param name="MeanDifferences">All candidates, if <c>mean_diffs.pt</c> is there.</param>
/// <param name="Evaluations">Scores of the candidates, if <c>direction_evaluations.json</c> is there.</param>
public sealed record ReferenceDirectionBundle(
    RefusalDirection Direction, MeanDifferences? MeanDifferences, ImmutableArray<DirectionCandidate> Evaluations);

/// <summary>Imports and exports the files of andyrdt/refusal_direction: <c>direction.pt</c>, <c>direction_metadata.json</c> {pos, layer},
/// <c>generate_directions/mean_diffs.pt</c>, <c>select_direction/direction_evaluations.json</c>.</summary>
public static partial class ReferenceDirectionFiles
{
    private const string MetadataName = "direction_metadata.json";
    private const string DirectionName = "direction.pt";
    private const string MeanDiffsName = "generate_directions/mean_diffs.pt";
    private const string EvaluationsName = "select_direction/direction_evaluations.json";

    /// <summary>Reads a run's folder; the last two files may also lie in the folder itself, or be missing.</summary>
    /// <exception cref="PipelineException">A file is missing or garbled, or the shapes do not agree.</exception>
    public static ReferenceDirectionBundle Read(string folder)
    {
        string metadataPath = Path.Combine(folder, MetadataName);
        Metadata metadata = ReadJson<Metadata>(metadataPath);
        if (metadata.Pos >= 0 || metadata.Layer < 0)
            throw new PipelineException($"{metadataPath}: pos {metadata.Pos}, layer {metadata.Layer}; expected a negative pos and a 0-based layer");
        TorchTensor vector = TorchTensorFile.Read(Path.Combine(folder, DirectionName));
        if (vector.Shape.Count != 1)
            throw new PipelineException($"{Path.Combine(folder, DirectionName)}: shape [{string.Join(", ", vector.Shape)}]; expected one vector [d_model]");
        RefusalDirection direction = RefusalDirection.Create(
            vector.Values.Select(v => (float)v), RefusalDirection.HookOfBlock(metadata.Layer), metadata.Pos, "imported from a refusal_direction run");
        MeanDifferences? differences = Find(folder, MeanDiffsName) is string path ? ReadMeanDifferences(path) : null;
        if (differences is not null && differences.ModelDim != direction.Vector.Length)
            throw new PipelineException($"{folder}: {DirectionName} has {direction.Vector.Length} numbers, mean_diffs.pt vectors of {differences.ModelDim}; expected the same model's");
        return new ReferenceDirectionBundle(direction, differences, Find(folder, EvaluationsName) is string file ? ReadEvaluations(file) : []);
    }

    /// <summary>Writes a run's folder in the reference's layout.</summary>
    public static void Write(string folder, ReferenceDirectionBundle bundle)
    {
        Directory.CreateDirectory(folder);
        RefusalDirection direction = bundle.Direction;
        File.WriteAllText(Path.Combine(folder, MetadataName), string.Create(CultureInfo.InvariantCulture, $"{{\n    \"pos\": {direction.Position},\n    \"layer\": {direction.Block}\n}}\n"));
        TorchTensorFile.Write(Path.Combine(folder, DirectionName), [direction.Vector.Length], [.. direction.Vector]);
        if (bundle.MeanDifferences is MeanDifferences m)
            TorchTensorFile.Write(Made(folder, MeanDiffsName), [m.Positions, m.Layers, m.ModelDim], m.Values);
        if (!bundle.Evaluations.IsEmpty)
            File.WriteAllText(Made(folder, EvaluationsName), Serialize(bundle.Evaluations));
    }

    private static MeanDifferences ReadMeanDifferences(string path)
    {
        TorchTensor tensor = TorchTensorFile.Read(path);
        return tensor.Shape is [var positions, var layers, var dim]
            ? new MeanDifferences((int)positions, (int)layers, (int)dim, tensor.Values)
            : throw new PipelineException($"{path}: shape [{string.Join(", ", tensor.Shape)}]; expected [positions, layers, d_model]");
    }

    private static ImmutableArray<DirectionCandidate> ReadEvaluations(string path) =>
        [.. ReadJson<Evaluation[]>(path).Select(e => new DirectionCandidate(e.Position, e.Layer, e.RefusalScore, e.SteeringScore, e.KlDivScore))];

    private static string Serialize(ImmutableArray<DirectionCandidate> candidates) =>
        // Python writes and reads NaN as a bare word, which JSON proper has not.
        QuotedNumber().Replace(JsonSerializer.Serialize(candidates.Select(c => new Evaluation(c.Position, c.Layer, c.Bypass, c.Induce, c.Kl)), Json), "$1") + "\n";

    private static T ReadJson<T>(string path)
    {
        try
        {
            string text = BareNumber().Replace(File.ReadAllText(path, Encoding.UTF8), "\"$0\"");
            return JsonSerializer.Deserialize<T>(text, Json) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{path}: {e.Message}; expected the file that refusal_direction writes", e);
        }
    }

    private static string? Find(string folder, string name) =>
        new[] { Path.Combine(folder, name), Path.Combine(folder, Path.GetFileName(name)) }.FirstOrDefault(File.Exists);

    private static string Made(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        IndentSize = 4,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
    };

    [GeneratedRegex(@"(?<![\w""])-?(NaN|Infinity)(?![\w""])")]
    private static partial Regex BareNumber();

    [GeneratedRegex("\"(-?Infinity|NaN)\"")]
    private static partial Regex QuotedNumber();

    private sealed record Metadata([property: JsonPropertyName("pos")] int Pos, [property: JsonPropertyName("layer")] int Layer);

    private sealed record Evaluation(
        [property: JsonPropertyName("position")] int Position,
        [property: JsonPropertyName("layer")] int Layer,
        [property: JsonPropertyName("refusal_score")] double RefusalScore,
        [property: JsonPropertyName("steering_score")] double SteeringScore,
        [property: JsonPropertyName("kl_div_score")] double KlDivScore);
}
