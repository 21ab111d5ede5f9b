using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Interventions;

public sealed class InterventionGoldenTests
{
    private const double LeastGreedyMargin = 1e-3;
    private const double LeastGateMargin = 1e-4;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gemma2")]
    [InlineData("llama31")]
    public void Forward_EachGoldenEdit_EqualsTheLiteralDecodeDifference(string name)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        JsonElement file = Golden.Json("interventions", name + ".json");
        double tolerance = file.GetProperty("toleranceAbs").GetDouble();
        foreach (JsonElement c in file.GetProperty("cases").EnumerateArray())
        {
            ForwardResult result = model.Forward([Row(c, name)], new CaptureSpec { AllLogits = true, Residuals = true }, Ct)[0];

            string prefix = c.GetProperty("name").GetString()!;
            Golden.Close(Golden.Tensor(prefix + ".logits", "interventions", name + ".safetensors"), result.AllLogits, tolerance, prefix);
            Golden.Close(Golden.Tensor(prefix + ".residual.4", "interventions", name + ".safetensors"), result.Residuals![4], 2e-3, prefix + ".residual");
        }
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("llama31")]
    public void Forward_AllEditsOfAPromptInOneBatch_EqualsEachAlone(string name)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        PromptRow[] rows = [.. Golden.Json("interventions", name + ".json").GetProperty("cases").EnumerateArray()
            .Select(c => WithoutFeaturesOnTheGate(model, Row(c, name), name))];

        IReadOnlyList<ForwardResult> together = model.Forward(rows, CaptureSpec.LastLogits, Ct);

        for (int i = 0; i < rows.Length; i++)
            Golden.Close(model.Forward([rows[i]], CaptureSpec.LastLogits, Ct)[0].LastLogits, together[i].LastLogits, 5e-4, $"row {i}");
    }

    [Theory]
    [InlineData("gemma2", false)]
    [InlineData("gemma2", true)]
    [InlineData("llama31", false)]
    [InlineData("llama31", true)]
    public void Generate_EachGoldenEdit_GivesTheReferenceIds(string name, bool withoutCache)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        JsonElement[] cases = [.. Golden.Json("interventions", name + ".json").GetProperty("cases").EnumerateArray()
            .Where(c => c.GetProperty("greedyMinMargin").GetDouble() > LeastGreedyMargin)];

        // One batch: edited rows and prompts of different lengths beside each other, with and without the cache.
        IReadOnlyList<GenerationResult> results = model.Generate(
            [.. cases.Select(c => Row(c, name))],
            new GenerationOptions { MaxNewTokens = 16, IgnoreEos = true, WithoutCache = withoutCache }, cancellation: Ct);

        for (int i = 0; i < cases.Length; i++)
            Assert.Equal(Golden.Ids(cases[i].GetProperty("greedy")), results[i].Ids);
    }

    // The dictionaries' thresholds were drawn from activations, so some pre-activations equal their threshold to the last bit: those features fire
    // or not by the order of summation, which differs between a batch and a row alone and between processors.
    private static PromptRow WithoutFeaturesOnTheGate(LanguageModel model, PromptRow row, string name)
    {
        foreach (int layer in row.Interventions.Items.SelectMany(i => i.Features).Select(f => f.Layer).Distinct().Order())
        {
            InterventionSet below = Keep(row.Interventions, f => f.Layer < layer);
            float[] resid_TD = model.Forward([row with { Interventions = below }], new CaptureSpec { Residuals = true }, Ct)[0].Residuals![layer + 1];
            HashSet<int> onTheGate = OnTheGate(resid_TD, model.Config.ModelDim, Golden.Path("saes", "gemmascope", name, $"layer_{layer}", "width_256", "average_l0_10", "params.npz"));
            row = row with { Interventions = Keep(row.Interventions, f => f.Layer != layer || !onTheGate.Contains(f.Index)) };
        }
        return row;
    }

    private static HashSet<int> OnTheGate(float[] resid_TD, int D, string npz)
    {
        using NpzFile file = NpzFile.Open(npz);
        float[] W_enc_DF = file.ReadFloats("W_enc"), b_enc_F = file.ReadFloats("b_enc"), threshold_F = file.ReadFloats("threshold");
        int F = b_enc_F.Length;
        var found = new HashSet<int>();
        for (int t = 0; t < resid_TD.Length / D; t++)
        {
            for (int f = 0; f < F; f++)
            {
                double pre = b_enc_F[f];
                for (int d = 0; d < D; d++)
                    pre += (double)resid_TD[(t * D) + d] * W_enc_DF[(d * F) + f];
                if (Math.Abs(pre - threshold_F[f]) < LeastGateMargin)
                    found.Add(f);
            }
        }
        return found;
    }

    private static InterventionSet Keep(InterventionSet set, Func<FeatureId, bool> keep) =>
        new([.. set.Items.Select(i => i with { Features = [.. i.Features.Where(keep)] })]);

    private static PromptRow Row(JsonElement c, string name)
    {
        JsonElement edit = c.GetProperty("edit");
        string op = edit.GetProperty("op").GetString()!;
        float[] direction = op is "add" or "projectOut"
            ? Golden.Tensor(op == "add" ? "direction.add" : "direction.unit", "interventions", name + ".safetensors")
            : [];
        Intervention intervention = op switch
        {
            "projectOut" => Intervention.ProjectOut(direction, TokenScope.All),
            "add" => Intervention.Add(direction, edit.GetProperty("coefficient").GetDouble(), edit.GetProperty("layer").GetInt32(), TokenScope.All),
            "clamp" => Intervention.Clamp(Features(edit), edit.GetProperty("value").GetDouble(), Scope(edit)),
            "scale" => Intervention.Scale(Features(edit), edit.GetProperty("value").GetDouble(), Scope(edit)),
            _ => Intervention.Ablate(Features(edit), Scope(edit)),
        };
        return new PromptRow([.. Golden.Ids(c.GetProperty("ids"))], InterventionSet.Of(intervention));
    }

    private static IEnumerable<FeatureId> Features(JsonElement edit) => edit.GetProperty("features").EnumerateObject()
        .SelectMany(l => Golden.Ids(l.Value).Select(i => new FeatureId(int.Parse(l.Name, CultureInfo.InvariantCulture), i)));

    private static TokenScope Scope(JsonElement edit)
    {
        JsonElement scope = edit.GetProperty("scope");
        return scope.ValueKind == JsonValueKind.Array ? TokenScope.At(Golden.Ids(scope)) : TokenScope.Parse(scope.GetString()!);
    }
}
