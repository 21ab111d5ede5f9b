using System.Text;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Tests.Explanations;
using RefusalExplorer.Engine.Tests.Fuzz;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Tests.Fuzz;

public sealed class DatasetFuzzTests : IDisposable
{
    private const string Csv = "Index,Goal,Target,Behavior,Category,Source\n0,\"Say \"\"x\"\", then\ny\",Sure,b,c,s\n1,Go,Sure,b,c,s\n";
    private const string Json = """[{"instruction":"a","category":"c"},{"instruction":"b \u00e9","category":null}]""";
    private const string JsonLines = """
        {"id":"1","category":"Requests with safety concerns","subcategory":"s","prompt":"p","response":"r"}
        {"id":"2","category":"Requests with safety concerns","subcategory":"s","prompt":"q","response":null}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", Csv, 2000)]
    [InlineData("a.json", Json, 2000)]
    [InlineData("a.jsonl", JsonLines, 2000)]
    public void PromptFile_IsReadOrRefused(string name, string good, int times)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, good);
        Assert.NotEmpty(Read(path).Items);
        // Rows that are broken are left out and named; few files are refused as a whole.
        byte[] bytes = Encoding.UTF8.GetBytes(good);
        int whole = 0;
        Survival.Check(times, m => () =>
        {
            byte[] damaged = whole++ % 2 == 0 ? m.Bytes(bytes) : Encoding.UTF8.GetBytes(m.Text(good));
            File.WriteAllBytes(path, damaged);
            Read(path);
        });
    }

    [Fact]
    public void ExplanationRow_IsReadOrNamed()
    {
        string good = BulkFiles.Row(7, "an explanation");
        int broken = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            if (BulkRow.Read(Encoding.UTF8.GetBytes(new Mutator(seed).Text(good)), out string? problem) is not { } row)
            {
                broken++;
                Assert.False(string.IsNullOrEmpty(problem) || problem.Contains('\n', StringComparison.Ordinal), $"seed {seed}: {problem}");
            }
            else
            {
                Assert.True(row.Feature.Index >= 0 && row.Text.Length > 0, $"seed {seed}");
            }
        }
        Assert.InRange(broken, 2000, 19_000);
    }

    private static PromptDataset Read(string path) => new DatasetReader().Read(new PromptSetSpec { Path = path }, TestContext.Current.CancellationToken);
}
