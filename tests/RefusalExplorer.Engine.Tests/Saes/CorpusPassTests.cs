using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using TorchSharp;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Saes;

/// <summary>What dashboards of features read off the model and its SAEs, against the long way round.</summary>
public sealed class CorpusPassTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama31")]
    [InlineData("gemma2")]
    public void EncodeRows_RowsOfAllLengths_HoldsWhatEachRowAloneGives(string name)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        ImmutableArray<int>[] rows = [[3, 77, 12, 400, 9], [5], [8, 8, 41, 300, 2, 19, 77]];
        var taken = new Dictionary<int, SparseActivations>();

        model.EncodeRows(rows, [0, 2], taken.Add, Ct);

        Assert.Equal([0, 2], taken.Keys.Order());
        foreach ((int layer, SparseActivations sparse) in taken)
        {
            int features = model.Sae(layer).Config.Features, token = 0;
            foreach (ImmutableArray<int> row in rows)
            {
                float[] dense = model.Activations(PromptRow.Plain(row), layer, Ct);
                for (int t = 0; t < row.Length; t++, token++)
                    Golden.Close(dense.AsSpan(t * features, features), Dense(sparse, token, features), 1e-3, $"layer {layer} token {token}");
            }
            Assert.Equal(token, sparse.Tokens);
            Assert.True(sparse.Values.Length > 0 && sparse.Values.All(v => v != 0));
        }
    }

    public static TheoryData<string> SaeLensFolders => [.. Directory.GetDirectories(Golden.Path("saes", "saelens")).Select(d => Path.GetFileName(d)!)];

    [Theory]
    [MemberData(nameof(SaeLensFolders))]
    public void EncodeSparse_EachArchitecture_IsEncodeWithoutItsZeros(string folder)
    {
        using Sae sae = Sae.Open(Golden.Path("saes", "saelens", folder));
        using torch.Tensor x_ND = torch.randn([6, sae.Config.InputDim], generator: new torch.Generator(5));
        using torch.Tensor z_NF = sae.Encode(x_ND, Ct);

        SparseActivations sparse = sae.EncodeSparse(x_ND, Ct);

        float[] expected = z_NF.data<float>().ToArray();
        for (int n = 0; n < 6; n++)
        {
            Assert.Equal(expected[(n * sae.Config.Features)..((n + 1) * sae.Config.Features)], Dense(sparse, n, sae.Config.Features));
            Assert.Equal(sparse.Features[sparse.Starts[n]..sparse.Starts[n + 1]].Order(), sparse.Features[sparse.Starts[n]..sparse.Starts[n + 1]]);
        }
    }

    [Theory]
    [InlineData("llama31", "lm_head.weight", 0)]
    [InlineData("gemma2", "model.embed_tokens.weight", 1)]
    public void DecoderLogits_OfAFeature_AreItsDecoderRowThroughTheFoldedUnembedding(string name, string unembedding, float normOffset)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        float[] W_U_VD = Golden.Tensor(unembedding, "models", name, "model.safetensors");
        float[] norm_D = Golden.Tensor("model.norm.weight", "models", name, "model.safetensors");
        float[] d = model.Sae(1).DecoderRow(17);

        LogitEnds ends = model.DecoderLogits(1, [3, 17], 5)[1];

        (float Logit, int Id)[] literal = [.. Enumerable.Range(0, model.Config.Vocabulary)
            .Select(v => ((float)Enumerable.Range(0, d.Length).Sum(i => (double)d[i] * (norm_D[i] + normOffset) * W_U_VD[(v * d.Length) + i]), v))
            .OrderByDescending(p => p.Item1)];
        Assert.Equal(literal[..5].Select(p => p.Id), ends.Raised.Select(w => w.Id));
        Assert.Equal(literal[^5..].Reverse().Select(p => p.Id), ends.Lowered.Select(w => w.Id));
        Golden.Close([.. literal[..5].Select(p => p.Logit)], [.. ends.Raised.Select(w => w.Value)], 1e-4, "raised");
        Golden.Close([.. literal[^5..].Reverse().Select(p => p.Logit)], [.. ends.Lowered.Select(w => w.Value)], 1e-4, "lowered");
    }

    [Fact]
    public void NearestByDecoder_InSmallBlocks_FindsWhatComparingAllPairsFinds()
    {
        using Sae whole = Sae.Open(Golden.Path("saes", "saelens", "saelens-standard-nobdec-none"));
        float[][] rows = [.. Enumerable.Range(0, whole.Config.Features).Select(whole.DecoderRow)];

        FeatureWeight[] nearest = whole.NearestByDecoder([4, 9], 6, torch.CPU, Ct)[1];

        (double Cosine, int Feature)[] literal = [.. Enumerable.Range(0, rows.Length).Where(f => f != 9)
            .Select(f => (Cosine(rows[9], rows[f]), f)).OrderByDescending(p => p.Item1).Take(6)];
        Assert.Equal(literal.Select(p => p.Feature), nearest.Select(w => w.Id));
        Golden.Close([.. literal.Select(p => (float)p.Cosine)], [.. nearest.Select(w => w.Value)], 1e-5, "cosine");
    }

    private static double Cosine(float[] a, float[] b)
    {
        double ab = a.Zip(b, (x, y) => (double)x * y).Sum();
        return ab / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(y => (double)y * y));
    }

    private static float[] Dense(SparseActivations sparse, int token, int features)
    {
        var row = new float[features];
        for (int i = sparse.Starts[token]; i < sparse.Starts[token + 1]; i++)
            row[sparse.Features[i]] = sparse.Values[i];
        return row;
    }
}
