using RefusalExplorer.Benchmarks;
using RefusalExplorer.Benchmarks.Gpu;
using RefusalExplorer.Benchmarks.Load;

// Each benchmark measures ours and its opponent on the same work in one run, and prints the ratio.
Dictionary<string, Action<string[]>> benchmarks = new(StringComparer.OrdinalIgnoreCase)
{
    ["fm"] = FactorizationMachineBenchmark.Run,
    ["demo"] = DemoBenchmark.Run,
    ["pruning"] = PruningBenchmark.Run,
    ["preview"] = PreviewBenchmark.Run,
    ["gpu"] = GpuBenchmark.Run,
    ["load"] = LoadBenchmark.Run,
};

if (args.Length > 0 && benchmarks.TryGetValue(args[0], out Action<string[]>? run))
{
    run(args[1..]);
    return 0;
}
Console.Error.WriteLine($"usage: RefusalExplorer.Benchmarks <{string.Join('|', benchmarks.Keys)}> [options]");
return 2;
