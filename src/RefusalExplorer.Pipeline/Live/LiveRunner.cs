using System.Diagnostics;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Live;

/// <summary>Runs demonstrations on the engine.</summary>
public sealed class LiveRunner(EngineHost engine, ModelCatalog catalog, DefaultDirections directions) : ILiveRunner
{
    private static readonly VerdictPanel Panel = new();

    /// <inheritdoc/>
    public Task<LiveReading> ReadAsync(string model, LiveTurn turn, CancellationToken cancellation = default)
    {
        ModelSpec spec = catalog.Resolve(model);
        return engine.RunAsync("live preview", (session, ct) =>
        {
            LanguageModel loaded = session.Model(spec);
            RefusalVector direction = directions.Get(loaded, catalog.Configured(model), null, null, ct);
            var clock = Stopwatch.StartNew();
            ForwardResult read = loaded.Preview(Row(loaded, turn), new CaptureSpec { CosineTo = direction.Values, LogitLens = true }, ct);
            return new LiveReading
            {
                RefusalProbability = Probability.Mass(read.LastLogits, loaded.RefusalTokens),
                RefusalProbabilityByLayer = [.. read.LogitLens ?? []],
                Cosine = [.. read.Cosine ?? []],
                Bit = read.Effects.Count(e => e.HadEffect),
                Milliseconds = clock.Elapsed.TotalMilliseconds,
            };
        }, cancellation: cancellation);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveAnswer>> AnswerAsync(
        string model, IReadOnlyList<LiveTurn> turns, GenerationOptions generation, Action<int, string> onToken, CancellationToken cancellation = default)
    {
        ModelSpec spec = catalog.Resolve(model);
        return engine.RunAsync<IReadOnlyList<LiveAnswer>>("live answer", (session, ct) =>
        {
            LanguageModel loaded = session.Model(spec);
            var clock = Stopwatch.StartNew();
            IReadOnlyList<GenerationResult> results = loaded.Generate(
                [.. turns.Select(t => Row(loaded, t))], generation, token => onToken(token.Row, token.Text), cancellation: ct);
            double rate = results.Sum(r => r.Ids.Length) / Math.Max(1e-3, clock.Elapsed.TotalSeconds);
            return [.. results.Select(r => new LiveAnswer(r.Text, Panel.Judge(new ResponseEvidence
            {
                Text = r.Text,
                RefusalProbability = Probability.Mass(r.FirstLogits, loaded.RefusalTokens),
            }).Verdict, rate))];
        }, cancellation: cancellation);
    }

    private static PromptRow Row(LanguageModel model, LiveTurn turn) =>
        new(PromptEncoder.Encode(model, new PromptSource { Messages = turn.Messages }).Ids, turn.Edits);
}
