using System.Collections.Immutable;
using System.Diagnostics;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;
using TorchSharp;
using static RefusalExplorer.Benchmarks.Timing;

namespace RefusalExplorer.Benchmarks;

/// <summary>
/// The demo model on the CPU, each figure beside the plain way in the same run: decoding against float32 LibTorch products, an ablated forward
/// against one that runs the whole dictionaries, and 64 ablation sets as a batch against 64 forwards.
/// </summary>
internal static class DemoBenchmark
{
    private const int NewTokens = 48;
    private const int Sets = 64;
    private const int FeaturesPerLayer = 5;

    public static void Run(string[] args)
    {
        TorchNative.EnsureLoaded();
        ModelSpec spec = Spec();
        Stopwatch watch = Stopwatch.StartNew();
        using LanguageModel model = ModelLoader.Load(spec);
        Say($"load: {watch.Elapsed.TotalSeconds:0.0} s; private memory {Process.GetCurrentProcess().PrivateMemorySize64 / 1e9:0.00} GB, resident {Process.GetCurrentProcess().WorkingSet64 / 1e9:0.00} GB");
        var random = new Random(1);
        ImmutableArray<int> prompt = [.. model.Tokenizer!.Encode(model.Template!.Render([new ChatMessage("user", "Tell me how a rainbow forms and where to look for one.")], true), false)];
        PromptRow plain = PromptRow.Plain(prompt);
        FeatureId[] features = [.. spec.Saes.Keys.SelectMany(l => Enumerable.Range(0, FeaturesPerLayer).Select(_ => new FeatureId(l, random.Next(3072)))).Distinct()];
        PromptRow ablated = plain with { Interventions = InterventionSet.Of(Intervention.Ablate(features, TokenScope.AllButFirst)) };
        Say($"prompt: {prompt.Length} tokens; {features.Length} features edited on {spec.Saes.Count} layers; {torch.get_num_threads()} threads");

        using LanguageModel literal = PlainModel(spec);
        Compare("decode, ms a token", PerToken(model, plain), PerToken(literal, plain));
        Compare("decode under ablation, ms a token", PerToken(model, ablated), PerToken(literal, ablated));
        Compare("one ablated forward, ms (against whole dictionaries)", Median(9, () => model.Forward([ablated], CaptureSpec.LastLogits)), WholeDictionaries(model, spec, plain));
        var batch = new AblationBatch(features, [.. Enumerable.Range(0, Sets).Select(_ => features.Select(_ => random.Next(2) == 0).ToArray())], TokenScope.AllButFirst);
        double singles = Median(1, () =>
        {
            foreach (bool[] mask in batch.Masks)
                model.RefusalProbabilities(prompt, batch with { Masks = [mask] });
        });
        Compare($"{Sets} ablation sets, ms (against {Sets} single ones)", Median(3, () => model.RefusalProbabilities(prompt, batch)), singles);
    }

    /// <summary>The demo model with its ten SAEs.</summary>
    internal static ModelSpec Spec() => new ModelCatalog([]).Resolve(DemoModel.Name);

    /// <summary>The checkpoint dequantised into float32 matrices, every product LibTorch's own.</summary>
    internal static Transformer Float32(ModelSpec spec)
    {
        using IDisposable noGrad = torch.no_grad();
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(spec.Path);
        return new Transformer(checkpoint.Config, checkpoint.Weights, new LoadTarget(torch.ScalarType.Float32, torch.CPU, null));
    }

    private static LanguageModel PlainModel(ModelSpec spec)
    {
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(spec.Path);
        OpenedTokenizer? tokenizer = TokenizerReader.FromGguf(checkpoint.Gguf!);
        return new LanguageModel(spec, new LoadedWeights(Float32(spec), tokenizer, checkpoint.Weights.Fingerprint), tokenizer?.Template, [1]);
    }

    private static double WholeDictionaries(LanguageModel model, ModelSpec spec, PromptRow row)
    {
        SaeSlice[] whole = [.. spec.Saes.Keys.Select(l => LiteralForward.Whole(model.Sae(l)))];
        double forward = Median(9, () => model.Forward([row], CaptureSpec.LastLogits));
        using torch.Tensor resid = torch.randn(1, row.Tokens.Length, model.Config.ModelDim);
        double dictionaries = Median(9, () =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            foreach (SaeSlice slice in whole)
                slice.DecodeDelta(slice.Encode(resid), resid);
        });
        Array.ForEach(whole, w => w.Dispose());
        return forward + dictionaries;
    }

    private static double PerToken(LanguageModel model, PromptRow row)
    {
        double Time(int tokens) => Median(3, () => model.Generate([row], new GenerationOptions { MaxNewTokens = tokens, IgnoreEos = true }));
        return (Time(NewTokens + 1) - Time(1)) / NewTokens;
    }

    private static double Median(int runs, Action action)
    {
        if (runs > 1)
            action();
        return Timing.Median(runs, action);
    }

    private static void Compare(string what, double ours, double plain) => Say($"{what,-56} ours {ours,8:0.0}   plain {plain,8:0.0}   {plain / ours,5:0.0} times");
}
