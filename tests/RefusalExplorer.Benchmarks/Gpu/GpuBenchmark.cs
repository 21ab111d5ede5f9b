using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Kernels.Cuda;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Native;
using static RefusalExplorer.Benchmarks.Timing;

namespace RefusalExplorer.Benchmarks.Gpu;

/// <summary>
/// Ours on a GPU in bfloat16, on a checkpoint that <c>peer.py make</c> wrote; <c>peer.py measure</c> then times transformers on the same work and
/// prints both. Arguments: the checkpoint's folder, the file to write, and the folder of an installed PyTorch (its LibTorch is used).
/// </summary>
internal static class GpuBenchmark
{
    private const int PromptTokens = 32;
    private const int FeaturesPerLayer = 200;
    private const int Decoded = 64;
    private static readonly int[] Layers = [.. Enumerable.Range(2, 14)];

    public static void Run(string[] args)
    {
        (string folder, string output) = (args[0], args[1]);
        TorchNative.EnsureLoaded(args.Length > 2 ? args[2] : null);
        int[] features = [.. Enumerable.Range(0, FeaturesPerLayer).Select(i => i * 7)];
        long before = FreeBytes();
        Stopwatch watch = Stopwatch.StartNew();
        using LanguageModel model = ModelLoader.Load(new ModelSpec
        {
            Name = "benchmark",
            Path = folder,
            Device = "cuda",
            Dtype = "bfloat16",
            RefusalTokens = [1000],
            Saes = Layers.ToImmutableSortedDictionary(l => l, _ => Path.Combine(folder, "sae")),
        });
        Say($"load: {watch.Elapsed.TotalSeconds:0.0} s; blocks: {model.Kernels}");

        var random = new Random(7);
        ImmutableArray<int>[] prompts = [.. Enumerable.Range(0, 16).Select(i =>
            Enumerable.Range(0, i == 0 ? PromptTokens : random.Next(8, 200)).Select(_ => random.Next(model.Config.Vocabulary)).ToImmutableArray())];
        PromptRow plain = PromptRow.Plain(prompts[0]);
        Intervention ablation = Intervention.Ablate(Layers.SelectMany(l => features.Select(f => new FeatureId(l, f))), TokenScope.All);
        PromptRow edited = plain with { Interventions = InterventionSet.Of(ablation) };
        float[] Last(PromptRow row) => model.Forward([row], CaptureSpec.LastLogits)[0].LastLogits;

        watch.Restart();
        ForwardResult first = model.Forward([edited], CaptureSpec.LastLogits)[0];
        Say($"first ablated forward with reading 14 x {FeaturesPerLayer} features' weights: {watch.Elapsed.TotalSeconds:0.00} s; {first.Effects.Count(e => e.TokensTouched > 0)} of {first.Effects.Length} features fired");
        long weights = new DirectoryInfo(folder).EnumerateFiles("*.safetensors").Sum(f => f.Length);
        long used = before - FreeBytes();
        Say($"device memory: {used / 1e9:0.00} GB with CUDA's own context, weights {weights / 1e9:0.00} GB");

        var times = new Dictionary<string, double>
        {
            ["forward"] = Median(30, () => Last(plain)),
            ["ablated"] = Median(30, () => Last(edited)),
            ["decode"] = PerToken(model, plain),
            ["decodeAblated"] = PerToken(model, edited),
        };
        Say($"device memory after single prompts: {(before - FreeBytes()) / 1e9:0.00} GB");
        AblationBatch sets = Sets(256, features, random);
        times["setsPerSequence"] = Median(5, () => model.RefusalProbabilities(prompts[0], sets)) / sets.Masks.Count;
        AblationBatch chains = Sets(1680, features, random);
        times["pruningSets"] = chains.Masks.Count;
        times["pruning"] = Median(3, () => model.RefusalProbabilities(prompts[0], chains)) / 1e3;
        Say($"device memory after batches: {(before - FreeBytes()) / 1e9:0.00} GB");

        Write(output + ".logits", [.. prompts.SelectMany(p => Last(PromptRow.Plain(p)))]);
        Write(output + ".edited", Last(edited));
        // A batch of prompts of different lengths must say what each says alone.
        IReadOnlyList<ForwardResult> together = model.Forward([.. prompts.Select(p => PromptRow.Plain(p))], CaptureSpec.LastLogits);
        int same = prompts.Select((p, i) => Sampler.ArgMax(together[i].LastLogits) == Sampler.ArgMax(Last(PromptRow.Plain(p))) ? 1 : 0).Sum();
        Say($"padded batch: {same} of {prompts.Length} next tokens as alone");
        var greedy = new GenerationOptions { MaxNewTokens = 16, IgnoreEos = true };
        ImmutableArray<int> cached = model.Generate([plain], greedy)[0].Ids;
        ImmutableArray<int> recomputed = model.Generate([plain], greedy with { WithoutCache = true })[0].Ids;
        // So must the arms of an experiment: rows that share a text, some of them edited.
        PromptRow[] arms = [.. prompts.Take(2).SelectMany(p => (PromptRow[])[PromptRow.Plain(p), edited with { Tokens = p }])];
        IReadOnlyList<GenerationResult> answers = model.Generate(arms, greedy);
        int agree = arms.Select((a, i) => answers[i].Ids.Zip(model.Generate([a], greedy)[0].Ids).TakeWhile(t => t.First == t.Second).Count()).Sum();
        Say($"four arms of two texts: {agree} of {answers.Sum(a => a.Ids.Length)} tokens as each arm alone, up to its first other token");
        // What edits say of themselves must not depend on who computes them: run again with REFUSAL_EXPLORER_KERNELS=off and compare.
        FeatureId[] few = [.. Layers.SelectMany(l => features.Take(20).Select(f => new FeatureId(l, f)))];
        Tell("ablated but for the first token", Intervention.Ablate(few, TokenScope.AllButFirst));
        Tell("ablated on generated tokens alone", Intervention.Ablate(few, TokenScope.Generated));
        Tell("scaled by -2 on generated tokens alone", Intervention.Scale(few, -2, TokenScope.Generated));
        Tell("clamped to -1.5 but for the first token", Intervention.Clamp(few, -1.5, TokenScope.AllButFirst));
        void Tell(string what, Intervention edit)
        {
            ImmutableArray<FeatureEffect> told = model.Generate([plain with { Interventions = InterventionSet.Of(edit) }], greedy with { MaxNewTokens = 4 })[0].Effects;
            Say($"{what}: {told.Sum(e => e.TokensTouched)} touched; maxima {told.Sum(e => e.MaxBefore):0.##} before, {told.Sum(e => e.MaxAfter):0.##} after; norms {told.Sum(e => e.DeltaNorm):0.##}");
        }
        File.WriteAllText(output, JsonSerializer.Serialize(new
        {
            prompt = prompts[0],
            prompts,
            features,
            times,
            greedy = cached,
            noCacheEqual = cached.Zip(recomputed).Count(p => p.First == p.Second),
            logitsFile = output + ".logits",
            editedFile = output + ".edited",
        }));
        foreach ((string name, double value) in times)
            Say($"{name}: {value:0.000}");
    }

    private static double PerToken(LanguageModel model, PromptRow row)
    {
        double Time(int tokens) => Median(5, () => model.Generate([row], new GenerationOptions { MaxNewTokens = tokens, IgnoreEos = true }));
        return (Time(Decoded + 1) - Time(1)) / Decoded;
    }

    private static AblationBatch Sets(int count, int[] features, Random random)
    {
        FeatureId[] pool = [.. Layers.SelectMany(l => features.Select(f => new FeatureId(l, f)))];
        return new AblationBatch(pool, [.. Enumerable.Range(0, count).Select(_ => pool.Select(_ => random.Next(2) == 0).ToArray())], TokenScope.All);
    }

    private static double Median(int runs, Action action)
    {
        // Until the runtime has compiled what is hot for good.
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 1;)
            action();
        return Timing.Median(runs, action);
    }

    private static void Write(string path, float[] values) => File.WriteAllBytes(path, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    private static unsafe long FreeBytes()
    {
        nint driver = CudaLibrary.Load("cuda", "libcuda.so.1", "nvcuda.dll");
        TorchSharp.torch.zeros(1, device: TorchSharp.torch.CUDA).Dispose(); // brings the context up
        nuint free, total;
        ((delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(driver, "cuMemGetInfo_v2"))(&free, &total);
        return (long)free;
    }
}
