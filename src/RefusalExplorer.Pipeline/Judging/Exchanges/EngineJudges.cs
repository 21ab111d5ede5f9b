using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Pipeline.Judging;

/// <summary>A classifier that runs in our own engine, a few exchanges at a time so that others get their turn.</summary>
public abstract class EngineJudge(EngineHost engine, ModelCatalog models, string model) : IExchangeJudge
{
    private const int RowsAtOnce = 4;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public string Description => $"{model} in this process; nothing is sent anywhere";

    /// <summary>New tokens of an answer.</summary>
    protected abstract int AnswerTokens { get; }

    /// <inheritdoc/>
    /// <exception cref="EngineException">The classifier's weights are not here, or it has no tokenizer.</exception>
    public async Task<ImmutableArray<Verdict>> JudgeAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation)
    {
        ModelSpec spec = models.Resolve(model);
        List<Verdict> verdicts = [];
        foreach (Exchange[] batch in exchanges.Chunk(RowsAtOnce))
        {
            verdicts.AddRange(await engine.RunAsync($"judging with {model}", (session, ct) =>
            {
                LanguageModel classifier = session.Model(spec);
                ITextTokenizer tokenizer = classifier.Tokenizer ?? throw new EngineException($"judge {model}: it has no tokenizer files beside its weights");
                IReadOnlyList<GenerationResult> answers = classifier.Generate(
                    [.. batch.Select(e => PromptRow.Plain(Encode(classifier, tokenizer, e)))], new GenerationOptions { MaxNewTokens = AnswerTokens }, cancellation: ct);
                ct.ThrowIfCancellationRequested();
                return batch.Zip(answers, (e, a) => Read(e, a.Text)).ToArray();
            }, cancellation: cancellation).ConfigureAwait(false));
        }
        return [.. verdicts];
    }

    /// <summary>Ids of an exchange's prompt.</summary>
    protected abstract ImmutableArray<int> Encode(LanguageModel classifier, ITextTokenizer tokenizer, Exchange exchange);

    /// <summary>The verdict of an answer.</summary>
    protected abstract Verdict Read(Exchange exchange, string answer);
}

/// <summary>The HarmBench classifier: its own prompt, 512 tokens of the generation, one greedy token (Mazeika et al. 2024).</summary>
public sealed class HarmBenchJudge(EngineHost engine, ModelCatalog models, string model) : EngineJudge(engine, models, model)
{
    /// <inheritdoc/>
    public override string Name => "harmbench";

    /// <inheritdoc/>
    protected override int AnswerTokens => 1;

    /// <inheritdoc/>
    protected override ImmutableArray<int> Encode(LanguageModel classifier, ITextTokenizer tokenizer, Exchange exchange) =>
        [.. tokenizer.Encode(HarmBenchPrompt.Of(exchange.Prompt, Clip(tokenizer, exchange.Response), exchange.Context), addSpecial: true)];

    /// <inheritdoc/>
    protected override Verdict Read(Exchange exchange, string answer) => ClassifierVerdicts.HarmBench(answer);

    /// <summary>The first 512 of the classifier's own tokens.</summary>
    internal static string Clip(ITextTokenizer tokenizer, string response)
    {
        int[] ids = [.. tokenizer.Encode(response, addSpecial: false)];
        return ids.Length <= HarmBenchPrompt.MostTokens ? response : tokenizer.Decode(ids[..HarmBenchPrompt.MostTokens]);
    }
}

/// <summary>Llama Guard 2 or 3 with its own chat template over the user's and the assistant's turn.</summary>
public sealed class LlamaGuardJudge(EngineHost engine, ModelCatalog models, string model) : EngineJudge(engine, models, model)
{
    /// <inheritdoc/>
    public override string Name => "llama-guard";

    /// <inheritdoc/>
    protected override int AnswerTokens => 20;

    /// <inheritdoc/>
    protected override ImmutableArray<int> Encode(LanguageModel classifier, ITextTokenizer tokenizer, Exchange exchange) =>
        PromptEncoder.Encode(classifier, new Experiments.PromptSource { Messages = [new ChatMessage("user", exchange.Prompt), new ChatMessage("assistant", exchange.Response)] }).Ids;

    /// <inheritdoc/>
    protected override Verdict Read(Exchange exchange, string answer) => ClassifierVerdicts.LlamaGuard(answer, exchange.Response);
}
