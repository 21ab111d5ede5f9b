using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Probing;

/// <summary>Runs a <see cref="ProbeRequest"/>: baseline and intervened, side by side in one batch.</summary>
public sealed class ProbeRunner(ModelCatalog catalog, IDirectionSource directions)
{
    private static readonly VerdictPanel Panel = new();
    private static readonly string[] Captures = ["logits", "residual", "features", "cosine"];

    /// <summary>Answers a request. Call on the engine thread.</summary>
    /// <exception cref="EngineException">The request is bad; one line says where.</exception>
    public ProbeAnswer Run(EngineSession session, ProbeRequest request, CancellationToken cancellation = default)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        var clock = Stopwatch.StartNew();
        foreach (string what in request.Capture.Where(c => !Captures.Contains(c)))
            throw new EngineException($"capture '{what}': expected any of {string.Join(", ", Captures)}");
        if (request.TopLogits < 0)
            throw new EngineException($"topLogits {request.TopLogits}: expected 0 or more");
        GenerationOptions? generation = Options(request.Generate);
        generation?.Check();
        LanguageModel model = session.Model(Spec(request));
        foreach (int layer in request.Saes.Keys.Where(l => l < 0 || l >= model.Config.Layers))
            throw new EngineException($"saes.{layer}: {model.Spec.Name} has layers 0 to {model.Config.Layers - 1}");
        foreach (int id in model.RefusalTokens.Where(id => id < 0 || id >= model.Config.Vocabulary))
            throw new EngineException($"refusalTokens: token id {id}: {model.Spec.Name} has ids 0 to {model.Config.Vocabulary - 1}");
        if (request.Capture.Contains("features") && model.SaeLayers.Count == 0)
            throw new EngineException($"capture 'features': {model.Spec.Name} has no SAEs; give their paths in \"saes\" or in the settings");
        ImmutableArray<int> ids = PromptEncoder.Encode(model, Source(request)).Ids;
        ImmutableArray<float>? direction = request.Direction is { } d ? ProbeDirection.Read(directions, d, model) : null;
        if (request.Capture.Contains("cosine") && direction is null)
            throw new EngineException("capture 'cosine' needs \"direction\" in the request");
        InterventionSet edits = ProbeInterventions.Parse(request.Interventions, direction);
        ProbeInterventions.Check(edits, model, ids.Length, generation?.MaxNewTokens ?? 0);

        var capture = new CaptureSpec
        {
            AllLogits = request.Capture.Contains("logits"),
            Residuals = request.Capture.Contains("residual"),
            CosineTo = request.Capture.Contains("cosine") ? direction : null,
        };
        // Separate passes, so that neither side's floats depend on the other's presence: an empty edit is bit-identical to none.
        ForwardResult before = model.Forward([new PromptRow(ids, InterventionSet.Empty)], capture, cancellation)[0];
        ForwardResult after = model.Forward([new PromptRow(ids, edits)], capture, cancellation)[0];
        IReadOnlyList<GenerationResult>? generated = generation is null
            ? null
            : [.. new[] { InterventionSet.Empty, edits }.Select(e => model.Generate([new PromptRow(ids, e)], generation, cancellation: cancellation)[0])];
        cancellation.ThrowIfCancellationRequested();

        return new ProbeAnswer
        {
            Tokens = [.. ids.Select(id => new ProbeToken(id, Text(model, id)))],
            Baseline = Arm(model, request, before, generated?[0]),
            Intervened = Arm(model, request, after, generated?[1]),
            Effects = [.. (generated?[1].Effects ?? after.Effects)
                .Select(e => new ProbeEffect(e.Feature.ToString(), e.TokensTouched, e.MaxBefore, e.MaxAfter, e.DeltaNorm))],
            Kl = Probability.Kl(before.LastLogits, after.LastLogits),
            Record = RunRecords.Create(
                model, started, clock.Elapsed, ids, request.Direction, edits.Features.Select(f => f.Layer).Concat(EncodedLayers(model, request)), direction) with
            {
                Request = JsonSerializer.SerializeToElement(request, ProbeJson.Options),
            },
            Tensors = Tensors(model, request, ids, edits, before, after, cancellation),
        };
    }

    private ModelSpec Spec(ProbeRequest request)
    {
        ModelSpec spec = catalog.Resolve(request.Model);
        return spec with
        {
            Device = request.Device ?? spec.Device,
            Dtype = request.Dtype ?? spec.Dtype,
            Saes = spec.Saes.SetItems(request.Saes),
            GatingRule = request.GatingRule ?? spec.GatingRule,
            Template = request.Template ?? spec.Template,
            RefusalTokens = request.RefusalTokens.IsEmpty ? spec.RefusalTokens : request.RefusalTokens,
        };
    }

    private static PromptSource Source(ProbeRequest request)
    {
        int given = (request.Prompt is null ? 0 : 1) + (request.Messages is null ? 0 : 1) + (request.TokenIds is null ? 0 : 1);
        if (given != 1)
            throw new EngineException($"expected exactly one of \"prompt\", \"messages\" and \"tokenIds\", found {given}");
        if (request.Messages is { } messages)
            return new PromptSource { Messages = messages };
        if (request.TokenIds is { } ids)
            return new PromptSource { TokenIds = ids };
        return request.Chat ? PromptSource.User(request.Prompt!) : new PromptSource { Text = request.Prompt };
    }

    private static GenerationOptions? Options(ProbeGeneration? g) => g is null ? null : new()
    {
        MaxNewTokens = g.MaxNewTokens,
        Temperature = g.Temperature,
        TopP = g.TopP,
        TopK = g.TopK,
        Seed = g.Seed,
        IgnoreEos = g.IgnoreEos,
    };

    private static ProbeArm Arm(LanguageModel model, ProbeRequest request, ForwardResult forward, GenerationResult? generated) => new()
    {
        RefusalTokenProbability = model.RefusalTokens.IsEmpty ? null : Probability.Mass(forward.LastLogits, model.RefusalTokens),
        TopLogits = [.. Probability.Top(forward.LastLogits, request.TopLogits)
            .Select(t => new ProbeLogit(t.Id, Text(model, t.Id), t.Logit, t.Probability))],
        Cosine = forward.Cosine is { } cosine ? [.. cosine] : null,
        Text = model.Tokenizer is null ? null : generated?.Text,
        GeneratedIds = generated?.Ids,
        Verdict = model.Tokenizer is null || generated is null ? null : Panel.Judge(new ResponseEvidence { Text = generated.Text }).Verdict.Kind,
    };

    private static IEnumerable<int> EncodedLayers(LanguageModel model, ProbeRequest request) => request.Capture.Contains("features") ? model.SaeLayers : [];

    private static string? Text(LanguageModel model, int id) => model.Tokenizer?.Decode([id]);

    private static ImmutableSortedDictionary<string, ProbeTensor> Tensors(
        LanguageModel model, ProbeRequest request, ImmutableArray<int> ids, InterventionSet edits, ForwardResult before, ForwardResult after,
        CancellationToken cancellation)
    {
        var tensors = ImmutableSortedDictionary.CreateBuilder<string, ProbeTensor>(StringComparer.Ordinal);
        foreach ((string side, ForwardResult result, InterventionSet set) in new[]
        {
            ("baseline", before, InterventionSet.Empty), ("intervened", after, edits),
        })
        {
            if (result.AllLogits is { } logits)
                tensors[$"{side}.logits"] = new ProbeTensor(logits, [ids.Length, model.Config.Vocabulary]);
            for (int l = 0; l < (result.Residuals?.Length ?? 0); l++)
                tensors[$"{side}.residual.{l}"] = new ProbeTensor(result.Residuals![l], [ids.Length, model.Config.ModelDim]);
            foreach (int l in EncodedLayers(model, request))
            {
                float[] acts = model.Activations(new PromptRow(ids, set), l, cancellation);
                tensors[$"{side}.features.{l}"] = new ProbeTensor(acts, [ids.Length, acts.Length / ids.Length]);
            }
        }
        return tensors.ToImmutable();
    }
}

/// <summary>Finds a direction by the path of a safetensors file or by a stored id.</summary>
public interface IDirectionSource
{
    /// <summary>The vector [D].</summary>
    /// <exception cref="EngineException">Neither a file nor a stored id, or the file holds no vector <c>direction</c>.</exception>
    ImmutableArray<float> Read(string pathOrId);

    /// <summary>The vector [D], and the hook that it was read at where that is known.</summary>
    /// <exception cref="EngineException">As <see cref="Read"/>.</exception>
    (ImmutableArray<float> Vector, string? Hook) ReadWithHook(string pathOrId) => (Read(pathOrId), null);
}
