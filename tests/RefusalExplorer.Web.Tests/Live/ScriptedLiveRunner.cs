using System.Collections.Concurrent;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Tests.Live;

/// <summary>A model that refuses unless a feature is clamped; it can be held before each reading and each word.</summary>
internal sealed class ScriptedLiveRunner : ILiveRunner
{
    public const string Refusal = "I cannot help with that.", Compliance = "Sure, here is what you could do about it, step by step: first of all";

    /// <summary>Awaited before each word.</summary>
    public Func<CancellationToken, Task> Gate { get; set; } = _ => Task.CompletedTask;

    /// <summary>Awaited before each reading.</summary>
    public Func<Task> ReadGate { get; set; } = () => Task.CompletedTask;

    /// <summary>All turns that were read.</summary>
    public ConcurrentQueue<LiveTurn> Reads { get; } = [];

    /// <summary>Numbers of turns that were answered together.</summary>
    public ConcurrentQueue<int> Answers { get; } = [];

    public async Task<LiveReading> ReadAsync(string model, LiveTurn turn, CancellationToken cancellation = default)
    {
        Reads.Enqueue(turn);
        await ReadGate();
        return new LiveReading { RefusalProbability = turn.Edits.IsEmpty ? 0.9 : 0.02, RefusalProbabilityByLayer = [0, 0.5f, 0.9f], Cosine = [0, 0.2f, 0.4f] };
    }

    public async Task<IReadOnlyList<LiveAnswer>> AnswerAsync(
        string model, IReadOnlyList<LiveTurn> turns, GenerationOptions generation, Action<int, string> onToken, CancellationToken cancellation = default)
    {
        Answers.Enqueue(turns.Count);
        string[] texts = [.. turns.Select(t => t.Edits.IsEmpty ? Refusal : Compliance)];
        for (int row = 0; row < texts.Length; row++)
        {
            foreach (string word in texts[row].Split(' '))
            {
                await Gate(cancellation);
                cancellation.ThrowIfCancellationRequested();
                onToken(row, word + " ");
            }
        }
        return [.. texts.Select(t => new LiveAnswer(t, new Verdict(t == Refusal ? VerdictKind.Refused : VerdictKind.Complied, "scripted"), 10))];
    }
}
