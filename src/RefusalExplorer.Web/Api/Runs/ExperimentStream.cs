using System.Globalization;
using System.Runtime.CompilerServices;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Runs;

/// <summary>An experiment's events: <c>queued</c>, <c>phase</c>, <c>arm</c> (its first pass; the whole arm once the run has ended), <c>token</c> and, last, <c>end</c>.</summary>
internal static class ExperimentStream
{
    private static readonly Arm[] Arms = Enum.GetValues<Arm>();

    /// <summary>All events so far, then the rest as they come.</summary>
    /// <param name="run">The run.</param>
    /// <param name="lastEventId">Id of the last event that the client has, or null.</param>
    /// <param name="cancellation">The client is gone.</param>
    public static async IAsyncEnumerable<StreamEvent> OfAsync(
        LiveRun<ExperimentState> run, string? lastEventId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        int[] sent = Read(lastEventId);
        (int? Queued, string? Phase, double? Fraction) shown = default;
        await foreach (bool ended in RunWatch.ChangesAsync(run, cancellation))
        {
            ExperimentState state = run.State;
            if (state.QueuedBehind is { } before && shown.Queued != before)
                yield return new StreamEvent("queued", new { before });
            if (state.Phase is { } what && (what, state.Fraction) != (shown.Phase, shown.Fraction))
                yield return new StreamEvent("phase", new { what, state.Fraction });
            shown = (state.QueuedBehind, state.Phase, state.Fraction);
            foreach (StreamEvent e in Answers(state, sent))
                yield return e;
            if (ended)
                yield return End(run.Id, RunSummary.StateOf(run), run.Error, state);
        }
    }

    /// <summary>The events of a run that has ended.</summary>
    public static async IAsyncEnumerable<StreamEvent> OfAsync(string id, RunState status, string? reason, ExperimentState state, string? lastEventId)
    {
        foreach (StreamEvent e in Answers(state, Read(lastEventId)))
            yield return e;
        yield return End(id, status, reason, state);
        await Task.CompletedTask;
    }

    private static IEnumerable<StreamEvent> Answers(ExperimentState state, int[] sent)
    {
        foreach ((Arm arm, ArmState answer) in state.Arms)
        {
            int a = (int)arm;
            if (sent[a] == 0)
            {
                sent[a] = 1;
                yield return new StreamEvent("arm", answer.Arm, Id(sent));
            }
            while (sent[a] <= answer.Tokens.Count)
            {
                int index = sent[a]++ - 1;
                TokenView token = answer.Tokens[index];
                yield return new StreamEvent("token", new { arm, index, token.Id, token.Text }, Id(sent));
            }
        }
    }

    private static StreamEvent End(string id, RunState status, string? reason, ExperimentState state) =>
        new("end", new { id, status, reason, state.StoreProblem, state.TokensPerSecond });

    // An event's id says how many events of each arm were sent, this one included: a client that comes back gets the rest.
    private static string Id(int[] sent) => string.Join('.', sent.Select(n => n.ToString(CultureInfo.InvariantCulture)));

    private static int[] Read(string? id)
    {
        var sent = new int[Arms.Length];
        string[] parts = (id ?? "").Split('.');
        for (int i = 0; i < Math.Min(parts.Length, sent.Length); i++)
            _ = int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sent[i]);
        return sent;
    }
}
