using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Interactions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>The engine's model, seen as <see cref="IStudyModel"/>. For the engine's thread only.</summary>
public sealed class EngineStudyModel(LanguageModel model) : IStudyModel
{
    private readonly EngineDirectionModel _direction = new(model);

    /// <inheritdoc/>
    public int Layers => _direction.Layers;

    /// <inheritdoc/>
    public int ModelDim => _direction.ModelDim;

    /// <inheritdoc/>
    public IReadOnlyList<int> RefusalTokens => _direction.RefusalTokens;

    /// <inheritdoc/>
    public IReadOnlyList<int> SaeLayers => model.SaeLayers;

    /// <inheritdoc/>
    public IReadOnlyList<float[][]> BlockInputs(IReadOnlyList<ImmutableArray<int>> prompts, int positions, CancellationToken cancellation) =>
        _direction.BlockInputs(prompts, positions, cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<float[]> LastLogits(IReadOnlyList<PromptRow> rows, CancellationToken cancellation) => _direction.LastLogits(rows, cancellation);

    /// <inheritdoc/>
    public int TokensAtOnce => model.Spec.Device == "cpu" ? 1024 : 16384;

    /// <inheritdoc/>
    public bool IsSpecial(int id) => model.Tokenizer?.SpecialIds.Contains(id) ?? false;

    /// <inheritdoc/>
    public int FeatureCount(int layer) => model.Sae(layer).Config.Features;

    /// <inheritdoc/>
    public StudyModelRecord Describe(IEnumerable<int> layers)
    {
        RunRecord record = RunRecords.Create(model, default, default, [], null, layers);
        return new StudyModelRecord
        {
            Model = record.Model,
            Weights = record.WeightsFingerprint,
            Saes = record.SaeFingerprints,
            GatingRule = record.GatingRule,
            Device = record.Device,
            Dtype = record.Dtype,
            Template = record.Template,
            RefusalTokens = record.RefusalTokens,
            Torch = record.TorchVersion,
            AppVersion = record.AppVersion,
        };
    }

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string instruction) => PromptEncoder.Encode(model, PromptSource.User(instruction)).Ids;

    /// <inheritdoc/>
    public ImmutableArray<RankedFeature> RankByDecoder(int layer, ReadOnlySpan<float> direction, int keep) =>
        CandidateRanking.Top(layer, model.Sae(layer).DecoderCosines(direction), keep);

    /// <inheritdoc/>
    public double[] Probabilities(IReadOnlyList<int> prompt, AblationBatch batch, CancellationToken cancellation) =>
        model.RefusalProbabilities(prompt, batch, cancellation: cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<StudyGenerated> Generate(IReadOnlyList<PromptRow> rows, int maxNewTokens, CancellationToken cancellation)
    {
        IReadOnlyList<GenerationResult> results = model.Generate(rows, new GenerationOptions { MaxNewTokens = maxNewTokens }, cancellation: cancellation);
        // Cancelled, the engine gives what there is; half a response must not be judged.
        cancellation.ThrowIfCancellationRequested();
        return [.. results.Select(r => new StudyGenerated(r.Text, Probability.Mass(r.FirstLogits, model.RefusalTokens), r.Ids.Length))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<ActiveFeature>[]> ActiveFeatures(
        IReadOnlyList<ImmutableArray<int>> prompts, IReadOnlyList<int> layers, int lastTokens, CancellationToken cancellation)
    {
        List<ActiveFeature>[][] active =
            [.. prompts.Select(p => Enumerable.Range(0, Math.Min(lastTokens, p.Length)).Select(_ => new List<ActiveFeature>()).ToArray())];
        List<ActiveFeature>[] tokens = [.. active.SelectMany(a => a)];
        model.EncodeRows(prompts, layers, lastTokens, Take, cancellation);
        return active;

        void Take(int layer, SparseActivations found)
        {
            for (int token = 0; token < found.Tokens; token++)
            {
                for (int i = found.Starts[token]; i < found.Starts[token + 1]; i++)
                    tokens[token].Add(new ActiveFeature(new FeatureId(layer, found.Features[i]), found.Values[i]));
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyDictionary<FeatureId, float[]>> Activations(
        IReadOnlyList<PromptRow> rows, ImmutableArray<FeatureId> features, CancellationToken cancellation) =>
        [.. model.Forward(rows, new CaptureSpec { Features = features }, cancellation).Select(r => r.Features)];
}
