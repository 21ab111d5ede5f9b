using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace RefusalExplorer.Data.Tests.Explanations;

/// <summary>Bulk files as Neuronpedia writes them: the index as text and ordered as text, an embedding that nobody needs.</summary>
internal static class BulkFiles
{
    private static readonly string[] Words =
        ["refusal", "apology", "python", "numbers", "names", "of", "cities", "punctuation", "after", "questions", "legal", "terms", "harmful", "requests", "the", "word"];

    public static string Row(int index, string text, string layer = "16-gemmascope-res-65k", string explainer = "gpt-4o-mini") =>
        $$"""{"id":"c{{index}}","modelId":"gemma-2-2b","layer":"{{layer}}","index":"{{index}}","description":"{{text}}","authorId":"a","triggeredByUserId":null,"typeName":"oai_token-act-pair","explanationModelName":"{{explainer}}","embedding":[0.1,-0.2,3e-05],"umap_x":0}""";

    public static IEnumerable<int> AsTextOrder(int count) => Enumerable.Range(0, count).OrderBy(i => i.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal);

    public static string TextOf(int index)
    {
        var random = new Random(index);
        return string.Join(' ', Enumerable.Range(0, 6).Select(_ => Words[random.Next(Words.Length)])) + $" f{index}";
    }

    public static string Write(string path, IEnumerable<string> lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using FileStream file = File.Create(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        foreach (string line in lines)
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        return path;
    }
}
