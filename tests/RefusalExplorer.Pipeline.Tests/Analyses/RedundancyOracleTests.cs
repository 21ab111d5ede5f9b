using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.Redundancy;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>The hydra, step by step as the paper's "Redundant Features" has it.</summary>
public sealed class RedundancyOracleTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    private static AnalysisRequest Request => AnalysisBench.Request(4) with
    {
        Features = [.. AnalysisBench.Features(2, 20).Concat(AnalysisBench.Features(3, 30)).Order()],
        Settings = AnalysisBench.Settings(new { rounds = 2, heads = 3 }),
    };

    [Fact]
    public async Task Dormant_AndWoken_AreThoseThatFireOnlyAfterTheAblationOfTheOthers()
    {
        AnalysisResult result = await bench.RunAsync("redundancy", Request);
        AnalysisTable prompts = Tables.Get(result, "prompts"), features = Tables.Get(result, "features");

        var expected = await bench.OnModelAsync(m => Request.Harmful!.Items.Select(p =>
        {
            ImmutableArray<int> ids = m.Ids(p);
            FeatureId[] dormant = [.. Request.Features.Where(f => m.Max(ids, f) == 0)];
            Intervention active = Literal.Ablate(Request.Features.Except(dormant));
            ImmutableArray<int> whole = ids.AddRange(m.Continue(ids, 6, active)[..^1]);
            // What the response says may fire a feature harder than the ablation did: its own strongest token is asked for only where the prompt is silent.
            var woken = dormant.Select(f => (Feature: f, Acts: m.Acts(whole, f, active)))
                .Select(f => (f.Feature, f.Acts, At: Strongest(f.Acts, 1, ids.Length) ?? Strongest(f.Acts, ids.Length, whole.Length) ?? -1)).Where(f => f.At >= 0).ToArray();
            return (Dormant: dormant, OnPrompt: woken.Where(w => w.At < ids.Length).ToArray(), Later: woken.Where(w => w.At >= ids.Length).ToArray(),
                P: new[] { m.P(ids), m.P(ids, Literal.Ablate(Request.Features)), m.P(ids, active), m.P(ids, Literal.Ablate(dormant)) });
        }).ToArray());

        Tables.Close(expected.Select(e => (double)e.Dormant.Length), prompts.Column("dormant"), 0);
        Tables.Close(expected.Select(e => (double)e.OnPrompt.Length), prompts.Column("woke"), 0);
        string[] arms = ["no ablation", "all", "active alone", "dormant alone"];
        for (int a = 0; a < arms.Length; a++)
            Tables.Close(expected.Select(e => e.P[a]), prompts.Column($"P(\"I\"), {arms[a]}"), 1e-5);
        foreach (FeatureId feature in expected.SelectMany(e => e.Dormant).Distinct())
        {
            Assert.Equal(expected.Count(e => e.OnPrompt.Any(w => w.Feature == feature)), Tables.Number(features, feature.ToString(), "woke on prompts"));
            Assert.Equal(expected.Count(e => e.Later.Any(w => w.Feature == feature)), Tables.Number(features, feature.ToString(), "fired in responses only"));
            double[] peaks = [.. expected.SelectMany(e => e.OnPrompt.Concat(e.Later)).Where(w => w.Feature == feature).Select(w => w.Acts[w.At])];
            if (peaks.Length > 0)
                Assert.Equal(peaks.Max(), Tables.Number(features, feature.ToString(), "largest activation"), 0.001);
        }
        Assert.Contains(expected, e => e.OnPrompt.Length > 0);
        Assert.Contains(expected, e => e.Dormant.Length > e.OnPrompt.Length + e.Later.Length);

        static int? Strongest(double[] acts, int from, int to)
        {
            double max = acts[from..to].DefaultIfEmpty().Max();
            return max > 0 ? Array.IndexOf(acts, max, from, to - from) : null;
        }
    }

    [Fact]
    public void Woken_OnThePrompt_CountsThere_HoweverStronglyTheResponseFires()
    {
        FeatureId both = new(2, 1), later = new(2, 2), never = new(2, 3);
        Dictionary<FeatureId, float[]> acts = new() { [both] = [0, 1, 2, 9], [later] = [0, 0, 0, 5], [never] = [0, 0, 0, 0] };

        Wake[] woken = [.. Waking.Woken(acts.Keys, f => acts[f], 3, t => t > 0, t => ($"t{t}", t < 3 ? TokenClass.Instruction : TokenClass.Generated))];

        Assert.Equal([new Wake(both, 2, "t2", TokenClass.Instruction, 2, 3), new Wake(later, 3, "t3", TokenClass.Generated, 5, 1)], woken);
    }

    [Fact]
    public async Task Rounds_AblateTheHeadsThatPushHardestTowardsRefusal()
    {
        AnalysisResult result = await bench.RunAsync("redundancy", Request);
        AnalysisTable rounds = Tables.Get(result, "rounds");

        var expected = await bench.OnModelAsync(m => Request.Harmful!.Items.Select(p =>
        {
            ImmutableArray<int> ids = m.Ids(p);
            FeatureId[] all = [.. from layer in (int[])[2, 3] from index in Enumerable.Range(0, TinyChat.Features) select new FeatureId(layer, index)];
            HashSet<FeatureId> before = [.. all.Where(f => m.Max(ids, f) > 0)], ablated = [.. Request.Features];
            return Enumerable.Range(0, 3).Select(_ =>
            {
                Intervention edit = Literal.Ablate(ablated.Order());
                var grown = all.Except(ablated).Except(before).Select(f => (Feature: f, Push: m.Max(ids, f, edit) * Along(m, f))).Where(g => g.Push > 0)
                    .OrderByDescending(g => g.Push).ToArray();
                double p0 = m.P(ids, edit);
                ablated.UnionWith(grown.Take(3).Select(g => g.Feature));
                return (P: p0, Grown: grown.Length, Push: grown.Take(3).Select(g => g.Push).ToArray());
            }).ToArray();
        }).ToArray());

        Tables.Close(Enumerable.Range(0, 3).Select(r => expected.Average(e => e[r].P)), rounds.Column("mean P(\"I\")"), 1e-5);
        Tables.Close(Enumerable.Range(0, 3).Select(r => expected.Average(e => e[r].Grown)), rounds.Column("features grown, mean"), 1e-9);
        double[] first = [.. expected.SelectMany(e => e[0].Push)];
        Assert.NotEmpty(first);
        Tables.Close([first.Average()], [rounds.Column("mean push of the heads")[0]], 1e-4);

        // Component of a decoder row along the unit direction.
        double Along(Literal m, FeatureId f) => m.Model.Sae(f.Layer).DecoderCosines(bench.Vector.AsSpan())[f.Index] * m.Model.Sae(f.Layer).DecoderNorms()[f.Index];
    }

    [Theory]
    [InlineData("allButFirst", true)]
    [InlineData("all", false)]
    public async Task Findings_SayWhereTheFirstTokenDoesNotCount(string scope, bool says)
    {
        AnalysisResult result = await bench.RunAsync("redundancy", Request with { Scope = scope });

        Assert.Equal(says, result.Output.Findings.Any(f => f.Contains("first token is outside", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task NoRounds_LeaveTheHydraOut()
    {
        AnalysisResult result = await bench.RunAsync("redundancy", Request with { Settings = AnalysisBench.Settings(new { rounds = 0 }) });

        Assert.DoesNotContain(result.Output.Charts, c => c.Id is "hydra" or "heads");
        Assert.DoesNotContain(result.Output.Tables, t => t.Id is "rounds" or "heads");
    }
}
