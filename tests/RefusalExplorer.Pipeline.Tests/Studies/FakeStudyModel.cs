using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Pipeline.Tests.Studies;

/// <summary>
/// A model of six blocks that refuses prompts with the word "bad" and knows how: P("I") falls by a weight for each of a few refusal features that is
/// ablated, and a little for others. Every number is a function of its arguments.
/// </summary>
internal sealed class FakeStudyModel : IStudyModel
{
    public const int Features = 80;
    public const int RefusalToken = 3;
    private const int BadToken = 5;
    private static readonly FeatureId[] Refusal = [new(2, 3), new(3, 11), new(3, 4), new(4, 7)];

    public int Layers => 6;

    public int ModelDim => 8;

    public int TokensAtOnce => 120;

    public string Weights { get; init; } = "weights";

    public IReadOnlyList<int> RefusalTokens => [RefusalToken];

    public IReadOnlyList<int> SaeLayers => [1, 2, 3, 4];

    public bool IsSpecial(int id) => id == 0;

    public int FeatureCount(int layer) => Features;

    public StudyModelRecord Describe(IEnumerable<int> layers) => new() { Model = "fake", Weights = Weights, RefusalTokens = [RefusalToken] };

    public ImmutableArray<int> Encode(string instruction) =>
        [0, .. instruction.Split(' ').Select(w => w == "bad" ? BadToken : 10 + w.Sum(c => c)), 7, 8, 9];

    public IReadOnlyList<float[][]> BlockInputs(IReadOnlyList<ImmutableArray<int>> prompts, int positions, CancellationToken cancellation) =>
        [.. prompts.Select(p => Enumerable.Range(0, Layers).Select(l => Enumerable.Range(0, positions * ModelDim)
            .Select(d => (p.Contains(BadToken) && l > 0 ? 1f + l : 0) + (0.01f * Noise(p, (l * 100) + d))).ToArray()).ToArray())];

    public IReadOnlyList<float[]> LastLogits(IReadOnlyList<PromptRow> rows, CancellationToken cancellation) =>
        [.. rows.Select(r =>
        {
            double p = P(r.Tokens, r.Interventions);
            float[] logits = new float[12];
            logits[RefusalToken] = (float)Math.Log(11 * p / (1 - p));
            return logits;
        })];

    public ImmutableArray<RankedFeature> RankByDecoder(int layer, ReadOnlySpan<float> direction, int keep)
    {
        float[] cosines = [.. Enumerable.Range(0, Features).Select(f => Refusal.Contains(new FeatureId(layer, f)) ? 0.5f : 0.4f * ((f * 37 % Features) / (float)Features))];
        return CandidateRanking.Top(layer, cosines, keep);
    }

    public double[] Probabilities(IReadOnlyList<int> prompt, AblationBatch batch, CancellationToken cancellation) =>
        [.. batch.Masks.Select(m => P([.. prompt], InterventionSet.Of(Intervention.Ablate(batch.Pool.Where((_, i) => m[i]), batch.Scope))))];

    public IReadOnlyList<StudyGenerated> Generate(IReadOnlyList<PromptRow> rows, int maxNewTokens, CancellationToken cancellation) =>
        [.. rows.Select(r =>
        {
            double p = P(r.Tokens, r.Interventions);
            string text = p > 0.5 ? "I'm sorry, but I can't help with that." : r.Interventions.Features.Count > 200 ? "I I I I I I" : "Sure, here it is in three easy steps.";
            return new StudyGenerated(text, p, 9);
        })];

    public IReadOnlyList<IReadOnlyList<ActiveFeature>[]> ActiveFeatures(
        IReadOnlyList<ImmutableArray<int>> prompts, IReadOnlyList<int> layers, int lastTokens, CancellationToken cancellation) =>
        [.. prompts.Select(p => Enumerable.Range(Math.Max(0, p.Length - lastTokens), Math.Min(lastTokens, p.Length)).Select(t =>
            (IReadOnlyList<ActiveFeature>)[.. from layer in layers
                                              from f in Enumerable.Range(0, Features)
                                              let value = Activation(p, t, new FeatureId(layer, f), InterventionSet.Empty)
                                              where value > 0
                                              select new ActiveFeature(new FeatureId(layer, f), value)]).ToArray())];

    public IReadOnlyList<IReadOnlyDictionary<FeatureId, float[]>> Activations(
        IReadOnlyList<PromptRow> rows, ImmutableArray<FeatureId> features, CancellationToken cancellation) =>
        [.. rows.Select(r => features.ToDictionary(f => f, f => Enumerable.Range(0, r.Tokens.Length).Select(t => Activation(r.Tokens, t, f, r.Interventions)).ToArray()))];

    /// <summary>The last of the refusal features is silent; half of what is ablated below a feature dampens it.</summary>
    private static float Activation(ImmutableArray<int> ids, int t, FeatureId feature, InterventionSet edits)
    {
        int place = Array.IndexOf(Refusal, feature);
        float value = place >= 0 ? (ids.Contains(BadToken) && place < 3 && t > 0 ? 4 : 0) : Noise(ids, t + (feature.Layer * 1000) + (feature.Index * 7)) < 0.08f ? 2 : 0;
        return edits.Features.Any(f => f.Layer < feature.Layer) ? value / 2 : value;
    }

    private static double P(ImmutableArray<int> ids, InterventionSet edits)
    {
        double p = (ids.Contains(BadToken) ? 0.93 : 0.05) + (0.01 * Noise(ids, 1));
        foreach (Intervention edit in edits.Items)
        {
            p -= edit.Op == InterventionOp.ProjectOut ? 0.14 * edit.Vector!.Value.Average() : 0;
            p += edit.Op == InterventionOp.Add ? 0.7 : 0;
            p -= edit.Features.Sum(f => Refusal.Contains(f) ? 0.22 : 1e-4 * (f.Index % 5));
        }
        return Math.Clamp(p, 0.01, 0.99);
    }

    private static float Noise(ImmutableArray<int> ids, int salt)
    {
        long seed = salt;
        foreach (int id in ids)
            seed = unchecked((seed * 31) + id);
        return (float)new SeededRandom(seed).NextDouble();
    }
}

/// <summary>Runs pieces at once, counts them, and may die before one.</summary>
internal sealed class FakeStudyEngine(FakeStudyModel? model = null) : IStudyEngine
{
    private readonly FakeStudyModel _model = model ?? new();

    public int Runs { get; private set; }

    /// <summary>Called before each piece.</summary>
    public Action<string>? Before { get; init; }

    public Task<T> RunAsync<T>(string what, Func<IStudyModel, CancellationToken, T> work, CancellationToken cancellation)
    {
        Before?.Invoke(what);
        cancellation.ThrowIfCancellationRequested();
        Runs++;
        return Task.FromResult(work(_model, cancellation));
    }
}

internal sealed class FakePrompts : IStudyPromptReader
{
    public PromptSetRead Read(PromptSelection selection, bool harmful, CancellationToken cancellation) => new(
        [.. Enumerable.Range(0, 40).Select(i => new Experiments.PromptItem($"{(selection.Set == "harmful" ? "bad" : "nice")} thing {i} {selection.Set}", i % 2 == 0 ? "even" : "odd"))], []);
}

internal sealed class NoDirections : IStudyDirections
{
    public RefusalDirection Read(string pathOrId, string? hook, int position) => throw new PipelineException("no directions here");
}
