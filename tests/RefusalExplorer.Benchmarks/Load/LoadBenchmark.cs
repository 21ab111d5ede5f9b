using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Benchmarks.Load;

/// <summary>The built dashboard as a process of its own, under browser circuits and API clients: lost runs, refusals, fairness, and memory over time.</summary>
internal static partial class LoadBenchmark
{
    private const int Circuits = 50, Clients = 200;
    private static readonly string[] Pages = ["/", "/runs", "/models", "/studies", "/features"];

    public static void Run(string[] args) => RunAsync(args).GetAwaiter().GetResult();

    private static async Task RunAsync(string[] args)
    {
        int at = Array.IndexOf(args, "--minutes");
        double minutes = at >= 0 && at + 1 < args.Length ? double.Parse(args[at + 1], CultureInfo.InvariantCulture) : 4;
        string data = Directory.CreateTempSubdirectory("refusal-explorer-load-").FullName;
        using Process server = Start(data);
        try
        {
            var address = new Uri(await ListeningAsync(server));
            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2 * Clients }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
            while (!(await http.GetAsync("/readyz")).IsSuccessStatusCode)
                await Task.Delay(500);
            Console.WriteLine($"ready with {Rss(server)} MB; {Circuits} circuits, {Clients} clients, {minutes} minutes, {Environment.ProcessorCount} cores");
            await LoadAsync(server, address, http, minutes);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task LoadAsync(Process server, Uri address, HttpClient http, double minutes)
    {
        var circuits = new List<BlazorCircuit>();
        for (int i = 0; i < Circuits; i++)
            circuits.Add(await BlazorCircuit.OpenAsync(address, Pages[i % Pages.Length], CancellationToken.None));
        Console.WriteLine($"{circuits.Count} circuits open, {Rss(server)} MB");

        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        var load = new ApiLoad(http, "demo");
        Task clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(n => load.RunAsync(n, int.MaxValue, stop.Token)));
        var clock = Stopwatch.StartNew();
        Console.WriteLine("  s   RSS MB   answers   refused   runs   batches rendered   circuits lost   faults");
        while (await Task.WhenAny(clients, Task.Delay(TimeSpan.FromSeconds(15))) != clients)
        {
            Console.WriteLine(
                $"{clock.Elapsed.TotalSeconds,3:0}   {Rss(server),6}   {load.Answers.Values.Sum(),7}   {load.Refused,7}   {load.Started,4}   " +
                $"{circuits.Sum(c => c.Rendered),16}   {circuits.Count(c => c.Lost is not null),13}   {load.Faults.Values.Sum(),6}");
        }
        await clients;

        string[] lost = await load.LostAsync();
        int[] answers = [.. load.Answers.Values.Order()];
        Console.WriteLine($"answers a client: fewest {answers[0]}, median {answers[answers.Length / 2]}, most {answers[^1]}; {answers.Sum() / clock.Elapsed.TotalSeconds:0.0} a second");
        Console.WriteLine($"runs started {load.Started}, lost {lost.Length}; refused cleanly {load.Refused}; circuits lost {circuits.Count(c => c.Lost is not null)}; RSS {Rss(server)} MB");
        foreach (string line in lost.Take(5).Concat(load.Faults.Select(f => $"{f.Value} × {f.Key}")).Concat(circuits.Select(c => c.Lost).OfType<string>().Distinct().Take(5)))
            Console.WriteLine($"  {line}");
        foreach (BlazorCircuit circuit in circuits)
            await circuit.DisposeAsync();
    }

    private static Process Start(string data)
    {
        // Built with this project, into the same place of its own folder.
        string bin = Path.Combine("bin", Path.GetRelativePath(Path.Combine(Root(), "tests", "RefusalExplorer.Benchmarks", "bin"), AppContext.BaseDirectory));
        string program = Path.Combine(Root(), "src", "RefusalExplorer.Web", bin, "RefusalExplorer.Web.dll");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = data };
        // Room for half of the clients: the rest is to be refused cleanly. The rate of one address would stop most of them before they get there.
        foreach (string argument in (string[])[program, "--urls", "http://127.0.0.1:0", $"--RefusalExplorer:DataFolder={data}",
            "--RefusalExplorer:Api:RequestsPerMinute=0", $"--RefusalExplorer:Api:Waiting={Clients / 2}"])
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    private static async Task<string> ListeningAsync(Process server)
    {
        while (await server.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Listening().Match(line) is { Success: true } match)
            {
                _ = server.StandardOutput.ReadToEndAsync();
                return match.Groups[1].Value;
            }
        }
        throw new InvalidOperationException("the dashboard ended before it listened");
    }

    private static long Rss(Process server)
    {
        server.Refresh();
        return server.WorkingSet64 >> 20;
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RefusalExplorer.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("this runs from the repository alone");
    }

    [GeneratedRegex(@"Listening on (http://\S+) for this machine alone")]
    private static partial Regex Listening();
}
