using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Completions;

/// <summary>Goes on with prompts under edits, as chat clients and evaluation harnesses ask for it. Prompts run side by side.</summary>
public sealed class CompletionRunner(ModelCatalog catalog, DefaultDirections defaults, IDirectionSource directions)
{
    private const int TokensAtOnce = 8192;
    private static readonly VerdictPanel Panel = new();

    /// <summary>Answers a request. Call on the engine thread.</summary>
    /// <param name="session">The engine's session.</param>
    /// <param name="request">What to go on with.</param>
    /// <param name="onToken">Told of each new token.</param>
    /// <param name="cancellation">Checked between steps.</param>
    /// <exception cref="EngineException">The request is bad; one line says where.</exception>
    public CompletionAnswer Run(EngineSession session, CompletionRequest request, Action<CompletionToken>? onToken = null, CancellationToken cancellation = default)
    {
        ModelSpec spec = catalog.Resolve(request.Model);
        LanguageModel model = session.Model(spec);
        IChatTemplate? template = request.Template is { } preset ? ChatTemplates.Preset(preset) : model.Template;
        InterventionSet edits = Edits(model, request, cancellation);
        ImmutableArray<int>[] prompts =
        [
            .. request.Prompts.Select(p => p.TokenIds ?? PromptEncoder.Encode(model.Spec.Name, model.Tokenizer, template, p, request.AddSpecial).Ids),
        ];
        GenerationOptions options = request.FitContext ? Fit(model, prompts, request.Generation) : request.Generation;
        Row[] rows = [.. prompts.SelectMany((ids, p) => Enumerable.Range(0, request.Copies).Select(_ => new Row(p, new PromptRow(ids, edits))))];
        var completions = new List<Completion>();
        foreach (Row[] chunk in Chunks(rows, options.MaxNewTokens))
        {
            int first = completions.Count;
            completions.AddRange(RunChunk(model, chunk, request, options, onToken is null ? null : t => onToken(View(model, t, first)), cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
        return new CompletionAnswer([.. completions], model.Fingerprint, Texts(model, completions));
    }

    private static IEnumerable<Completion> RunChunk(
        LanguageModel model, Row[] chunk, CompletionRequest request, GenerationOptions options, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        PromptRow[] rows = [.. chunk.Select(r => r.Prompt)];
        IReadOnlyList<ForwardResult>? read = request.PromptChoices is not null || options.MaxNewTokens == 0
            ? model.Forward(rows, new CaptureSpec { Choices = request.PromptChoices }, cancellation)
            : null;
        IReadOnlyList<GenerationResult>? written = options.MaxNewTokens switch
        {
            0 => null,
            // A harness that scores texts asks for one token that it throws away: the pass that scored them knows it already.
            1 when read is not null && options is { Temperature: <= 0, Stop.IsEmpty: true } => [.. read.Select(r => Next(model, r, options.Choices))],
            _ => model.Generate(rows, options, onToken, cancellation: cancellation),
        };
        for (int i = 0; i < chunk.Length; i++)
        {
            float[] logits = written?[i].FirstLogits ?? read![i].LastLogits;
            double? p = model.RefusalTokens.IsEmpty ? null : Probability.Mass(logits, model.RefusalTokens);
            yield return new Completion
            {
                Prompt = chunk[i].Source,
                PromptIds = chunk[i].Prompt.Tokens,
                PromptChoices = read?[i].Choices ?? [],
                Ids = written?[i].Ids ?? [],
                Text = written?[i].Text ?? "",
                Choices = written?[i].Choices ?? [],
                Ended = written is not null && ((written[i].EndedByEos && !options.IgnoreEos) || written[i].EndedByStop is not null),
                RefusalProbability = p,
                Verdict = written is null || model.Tokenizer is null
                    ? null
                    : Panel.Judge(new ResponseEvidence { Text = written[i].Text, RefusalProbability = p }).Verdict,
                Effects = written is { } w && !w[i].Effects.IsEmpty ? w[i].Effects : read?[i].Effects ?? [],
            };
        }
    }

    private InterventionSet Edits(LanguageModel model, CompletionRequest request, CancellationToken cancellation)
    {
        bool needed = request.Interventions.Any(i => i.Op.ToUpperInvariant() is "ADD" or "PROJECTOUT");
        ImmutableArray<float>? direction = !needed ? null
            : request.Direction is { } named ? directions.Read(named)
            : defaults.Get(model, catalog.Models.FirstOrDefault(m => m.Name == model.Spec.Name) ?? new ConfiguredModel { Name = model.Spec.Name }, null, null, cancellation).Values;
        return ProbeInterventions.Parse(request.Interventions, direction);
    }

    private static GenerationOptions Fit(LanguageModel model, ImmutableArray<int>[] prompts, GenerationOptions options) =>
        options with { MaxNewTokens = Math.Max(1, Math.Min(options.MaxNewTokens, model.Config.MaxPositions - prompts.Max(p => p.Length))) };

    private static IEnumerable<Row[]> Chunks(Row[] rows, int newTokens)
    {
        for (int first = 0; first < rows.Length;)
        {
            int count = 1, longest = rows[first].Prompt.Tokens.Length;
            for (; first + count < rows.Length; count++)
            {
                longest = Math.Max(longest, rows[first + count].Prompt.Tokens.Length);
                if ((longest + newTokens) * (count + 1) > TokensAtOnce)
                    break;
            }
            yield return rows[first..(first + count)];
            first += count;
        }
    }

    private static GenerationResult Next(LanguageModel model, ForwardResult read, int? choices)
    {
        int id = Probability.Top(read.LastLogits, 1)[0].Id;
        return new GenerationResult
        {
            Ids = [id],
            Text = model.Tokenizer?.Decode([id], skipSpecial: true) ?? "",
            FirstLogits = read.LastLogits,
            EndedByEos = model.Config.EosIds.Contains(id),
            Choices = choices is { } n ? [Probability.Choice(read.LastLogits, id, n)] : [],
            Effects = read.Effects,
        };
    }

    private static CompletionToken View(LanguageModel model, GeneratedToken token, int first) => new(
        first + token.Row, token.Text, token.Choice,
        token.Choice is { } choice ? [.. choice.Top.Prepend(choice.Token).Select(t => Text(model, t.Id))] : []);

    private static ImmutableDictionary<int, string> Texts(LanguageModel model, List<Completion> completions) => completions
        .SelectMany(c => c.PromptIds.Concat(c.Ids).Concat(c.PromptChoices.Concat(c.Choices).SelectMany(t => t.Top.Select(x => x.Id))))
        .Distinct().ToImmutableDictionary(id => id, id => Text(model, id));

    private static string Text(LanguageModel model, int id) => model.Tokenizer?.Decode([id]) ?? "";

    private sealed record Row(int Source, PromptRow Prompt);
}
