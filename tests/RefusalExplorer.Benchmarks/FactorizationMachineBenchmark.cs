using System.Diagnostics;
using System.Globalization;
using RefusalExplorer.Engine.Native;
using RefusalExplorer.Pipeline.Interactions;
using TorchSharp;

namespace RefusalExplorer.Benchmarks;

/// <summary>
/// Stage 3 at the paper's size (861 + 861 prompts, 4 tokens, 16 layers × 65,536 features): the whole training by the sparse trainer, and steps of
/// the plain dense way on the same samples, as a ratio of seconds a step.
/// </summary>
internal static class FactorizationMachineBenchmark
{
    private const int DenseSteps = 3;

    public static void Run(string[] args)
    {
        int prompts = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1722;
        TorchNative.EnsureLoaded();
        Stopwatch watch = Stopwatch.StartNew();
        InteractionDataset data = SyntheticActivations.Make(prompts, seed: 1);
        Say($"data: {prompts} prompts, {data.TrainCount + data.ValidationCount + data.TestCount} samples, {data.Features.Length} features that fire, {data.NonZeros / 1e6:0.0} M activations, {watch.Elapsed.TotalSeconds:0.0} s");

        double lazy = Train(data, AdamVariant.Lazy);
        double dense = Train(data, AdamVariant.Dense);
        Say($"peak memory of data and training: {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:0.00} GB on {Environment.ProcessorCount} cores");

        torch.set_num_threads(Environment.ProcessorCount);
        double peer = DenseFactorizationMachine.SecondsAStep(data.Train, DenseSteps, new());
        Say($"plain dense LibTorch: {peer * 1e3:0} ms a step; ours {lazy * 1e3:0.0} ms (lazy Adam), {dense * 1e3:0.0} ms (dense Adam): {peer / lazy:0} and {peer / dense:0.0} times faster");
    }

    private static double Train(InteractionDataset data, AdamVariant adam)
    {
        FactorizationMachineSettings settings = new() { Adam = adam };
        Stopwatch watch = Stopwatch.StartNew();
        FactorizationMachineResult result = FactorizationMachineTrainer.Train(data, settings);
        double seconds = watch.Elapsed.TotalSeconds;
        int steps = settings.Epochs * ((data.TrainCount + settings.BatchSize - 1) / settings.BatchSize);
        Say($"{adam} Adam: {seconds:0.0} s for {settings.Epochs} epochs, {steps} steps; best epoch {result.BestEpoch}, test accuracy {result.Test.Accuracy:0.000}, AUC {result.Test.Auc:0.000}");
        return seconds / steps;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
