using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Live;

/// <summary>What a demonstration asks of the model: numbers while a slider moves, and answers when it rests.</summary>
public interface ILiveRunner
{
    /// <summary>Where the next answer to a conversation stands under edits. Blocks below the first edit are remembered, so that the next asks are cheap.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="turn">The conversation, which ends with the user's message, and the edits.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="EngineException">The model or a feature is unknown, or the conversation is too long.</exception>
    Task<LiveReading> ReadAsync(string model, LiveTurn turn, CancellationToken cancellation = default);

    /// <summary>Answers turns side by side. Cancelled in the middle, it returns what there is.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="turns">Conversations and their edits.</param>
    /// <param name="generation">How tokens are drawn.</param>
    /// <param name="onToken">Told of each new token's turn and text, on the thread that does the work.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <exception cref="EngineException">As for the other.</exception>
    Task<IReadOnlyList<LiveAnswer>> AnswerAsync(
        string model, IReadOnlyList<LiveTurn> turns, GenerationOptions generation, Action<int, string> onToken, CancellationToken cancellation = default);
}

/// <summary>A conversation with the edits under which it goes on.</summary>
/// <param name="Messages">The conversation, which ends with the user's message.</param>
/// <param name="Edits">The edits; empty for the baseline.</param>
public sealed record LiveTurn(ImmutableArray<ChatMessage> Messages, InterventionSet Edits);

/// <summary>Where an answer stands before its first token.</summary>
public sealed record LiveReading
{
    /// <summary>P("I") at the prompt's last position.</summary>
    public required double RefusalProbability { get; init; }

    /// <summary>P("I") read off each of the L + 1 residuals by the final norm and the unembedding (logit lens).</summary>
    public ImmutableArray<float> RefusalProbabilityByLayer { get; init; } = [];

    /// <summary>Cosine to the refusal direction by layer, L + 1 values.</summary>
    public ImmutableArray<float> Cosine { get; init; } = [];

    /// <summary>Edited features that changed something.</summary>
    public int Bit { get; init; }

    /// <summary>Time of the pass itself, milliseconds, without the wait for the engine.</summary>
    public double Milliseconds { get; init; }
}

/// <summary>An answer.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Verdict">The judge's verdict.</param>
/// <param name="TokensPerSecond">New tokens a second of all answers together.</param>
public sealed record LiveAnswer(string Text, Verdict Verdict, double TokensPerSecond);
