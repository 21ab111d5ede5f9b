using System.Collections.Concurrent;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Tests.Fakes;

/// <summary>A runner without a model: both arms say the words it was given; it can be held before its first token and after each.</summary>
public sealed class ScriptedExperimentRunner : IExperimentRunner
{
    private readonly ConcurrentDictionary<string, int> _runs = new();

    /// <summary>Words of each arm.</summary>
    public IReadOnlyList<string> Words { get; set; } = ["Sure", ",", " here"];

    /// <summary>Awaited before each word; by default nothing holds it.</summary>
    public Func<int, CancellationToken, Task> Gate { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Thrown instead of a result.</summary>
    public EngineException? Failure { get; set; }

    /// <summary>Whether it is still in the queue when it is first held.</summary>
    public bool Queue { get; set; }

    /// <summary>How often each run id was run.</summary>
    public IReadOnlyDictionary<string, int> Runs => _runs;

    public async Task<ExperimentResult> RunAsync(
        ExperimentRequest request, string runId, IProgress<ExperimentEvent> events, CancellationToken cancellation = default)
    {
        _runs.AddOrUpdate(runId, 1, (_, n) => n + 1);
        events.Report(new ExperimentEvent.Queued(1));
        if (!Queue)
            events.Report(new ExperimentEvent.Phase("Loading", 0.5));
        await Gate(-1, cancellation);
        if (Failure is not null)
            throw Failure;
        ArmResult[] arms = [Begin(Arm.Baseline, 0.9), Begin(Arm.Intervened, 0.01)];
        foreach (ArmResult arm in arms)
            events.Report(new ExperimentEvent.FirstToken(arm));
        var said = new List<TokenView>();
        bool cancelled = false;
        for (int w = 0; w < Words.Count && !cancelled; w++)
        {
            try
            {
                await Gate(w, cancellation);
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
                break;
            }
            said.Add(new TokenView(w, Words[w], Words[w], false));
            foreach (ArmResult arm in arms)
                events.Report(new ExperimentEvent.Token(arm.Arm, said[^1]));
        }
        var result = new ExperimentResult
        {
            RunId = runId,
            Request = request,
            Arms = [.. arms.Select(a => a with { Generated = [.. said], Text = string.Concat(said.Select(s => s.Text)) })],
            Record = new RunRecord
            {
                AppVersion = "test",
                StartedAt = DateTimeOffset.UnixEpoch,
                Model = request.Model,
                WeightsFingerprint = "none",
                Device = "cpu",
                Dtype = "float32",
            },
            Cancelled = cancelled,
        };
        events.Report(new ExperimentEvent.Finished(result));
        return result;
    }

    private static ArmResult Begin(Arm arm, double p) => new()
    {
        Arm = arm,
        PromptTokens = [new TokenView(1, "Hi", "Hi", false)],
        RefusalProbability = p,
    };
}
