using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using static RefusalExplorer.Benchmarks.Timing;

namespace RefusalExplorer.Benchmarks;

/// <summary>A slider's preview on the demo model: from the remembered prefix, against a whole pass of the same row, turn by turn.</summary>
internal static class PreviewBenchmark
{
    private const int Turns = 40;

    public static void Run(string[] args)
    {
        var host = new EngineHost(new EngineOptions());
        (double[] preview, double[] whole, int tokens) = host.RunAsync("preview", (session, ct) => Measure(session, ct)).GetAwaiter().GetResult();
        double p = Median(preview), w = Median(whole);
        Say($"prompt of {tokens} tokens, {Turns} slider places, 8 features from layer 16 on");
        Say($"preview {p:0.0} ms median, {preview.Max():0.0} ms largest; whole pass {w:0.0} ms median; {w / p:0.00} times as fast");
        host.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static (double[] Preview, double[] Whole, int Tokens) Measure(EngineSession session, CancellationToken cancellation)
    {
        LanguageModel model = session.Model(new ModelCatalog([]).Resolve(DemoModel.Name));
        string prompt = DemoPrompts.Read("harmful", "test").Items[3].Instruction;
        ImmutableArray<int> ids = PromptEncoder.Encode(model, PromptSource.User(prompt)).Ids;
        var capture = new CaptureSpec { CosineTo = [.. Enumerable.Repeat(1f, model.Config.ModelDim)], LogitLens = true };
        FeatureId[] features = [.. new[] { 16, 18, 20, 22 }.SelectMany(l => new[] { 3, 5 }.Select(i => new FeatureId(l, i)))];
        var preview = new List<double>();
        var whole = new List<double>();
        for (int turn = -3; turn < Turns; turn++)
        {
            var row = new PromptRow(ids, InterventionSet.Of(Intervention.Clamp(features, turn / 4.0, TokenScope.AllButFirst)));
            double a = Once(() => model.Preview(row, capture, cancellation));
            double b = Once(() => model.Forward([row], capture, cancellation));
            if (turn < 0)
                continue; // Warming up: slices and the prefix are made.
            preview.Add(a);
            whole.Add(b);
        }
        return ([.. preview], [.. whole], ids.Length);
    }
}
