using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests;

/// <summary>Reference values from the field's own tools; Goldens/README.md says what each is.</summary>
internal static class Golden
{
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([AppContext.BaseDirectory, "Goldens", .. parts]);

    public static JsonElement Json(params string[] parts) =>
        JsonDocument.Parse(File.ReadAllText(Path(parts))).RootElement;

    public static float[] Tensor(string name, params string[] parts)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path(parts));
        return file.ReadFloats(name);
    }

    public static LanguageModel Model(string name, string? saes = null) => ModelLoader.Load(new ModelSpec
    {
        Name = name,
        Path = Path("models", name),
        Saes = saes is null
            ? ImmutableSortedDictionary<int, string>.Empty
            : Enumerable.Range(0, 4).ToImmutableSortedDictionary(l => l, l => Path("saes", "gemmascope", saes, $"layer_{l}", "width_256", "average_l0_10")),
    });

    public static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(i => i.GetInt32())];

    /// <summary>Fails with the largest difference and its place.</summary>
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        int worst = 0;
        for (int i = 1; i < expected.Length; i++)
        {
            if (Math.Abs(expected[i] - actual[i]) > Math.Abs(expected[worst] - actual[worst]))
                worst = i;
        }
        double difference = Math.Abs(expected[worst] - actual[worst]);
        Assert.True(difference <= tolerance, $"{what}: |{expected[worst]} − {actual[worst]}| = {difference} at {worst}, tolerance {tolerance}");
    }
}
