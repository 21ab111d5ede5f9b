using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Live;

/// <summary>
/// A demonstration. It belongs to the process and not to the page that leads it: a page that is reloaded finds it again, and an audience watches it by
/// its code. While a slider moves, only the newest place is computed; an answer under way is given up for it, and begun again on release.
/// </summary>
public sealed class LiveSession : IDisposable
{
    private const int LongestMessage = 4000, MostTurns = 40, MostNewTokens = 48;
    private readonly ILiveRunner _runner;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closed = new();
    private CancellationTokenSource? _answering;
    private List<RecordedEvent>? _recorded;
    private long _recordingSince;
    private bool _reading, _readAgain;

    internal LiveSession(string code, string key, string model, LiveBlur blur, ILiveRunner runner, TimeProvider time)
    {
        (Code, Key, _runner, _time) = (code, key, runner, time);
        State = new LiveState { Model = model, Blur = blur };
        LastUsed = time.GetUtcNow();
    }

    /// <summary>What the presenter's address ends with.</summary>
    public string Key { get; }

    /// <summary>What the audience's address ends with; nobody finds the key by it.</summary>
    public string Code { get; }

    /// <summary>All that is shown.</summary>
    public LiveState State { get; private set; }

    /// <summary>When somebody last did something.</summary>
    public DateTimeOffset LastUsed { get; private set; }

    /// <summary>Whether it is being recorded.</summary>
    public bool Recording => _recorded is not null;

    /// <summary>Whether a recording is being played.</summary>
    public bool Replaying { get; private set; }

    /// <summary>The state changed; raised on any thread, so watchers coalesce.</summary>
    public event Action? Changed;

    /// <summary>Says something to both sides, and lets both answer.</summary>
    /// <exception cref="EngineException">It is empty or too long, or the conversation is.</exception>
    public Task SayAsync(string text, bool sensitive)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new EngineException("the message is empty: write one, or pick a prompt");
        if (text.Length > LongestMessage)
            throw new EngineException($"the message has {text.Length} characters; at most {LongestMessage} are taken here");
        if (State.Baseline.Turns.Length >= MostTurns)
            throw new EngineException($"the conversation has {State.Baseline.Turns.Length} messages; begin a new one");
        StopAnswer();
        Report(new LiveEvent.Said(text, sensitive));
        return AnswerAsync(LiveSide.Baseline, LiveSide.Steered);
    }

    /// <summary>Puts the sliders somewhere; the numbers follow.</summary>
    /// <exception cref="EngineException">There are too many of them.</exception>
    public void Move(ImmutableArray<LiveSlider> sliders, TokenScope? scope = null)
    {
        if (sliders.Length > LiveState.MostSliders)
            throw new EngineException($"{sliders.Length} sliders; at most {LiveState.MostSliders} stand here: remove one first");
        StopSteered();
        Report(new LiveEvent.Moved([.. sliders.Select(s => s with { Units = Math.Clamp(s.Units, -LiveSlider.Reach, LiveSlider.Reach) })], scope ?? State.Scope));
        ReadSoon();
    }

    /// <summary>Answers again under the sliders as they stand: the slider was released. Only what is stale is done again.</summary>
    public Task CommitAsync() => State.Steered.Turns.IsEmpty || (!State.Stale && State.Steered.Verdict is not null)
        ? Task.CompletedTask
        : State.Baseline.Verdict is null && !State.Baseline.Writing ? AnswerAsync(LiveSide.Baseline, LiveSide.Steered) : AnswerAsync(LiveSide.Steered);

    /// <summary>Stops what is being written or played.</summary>
    public void Stop()
    {
        StopAnswer();
        Report(new LiveEvent.Stopped());
    }

    /// <summary>Begins a new conversation; the sliders stay.</summary>
    public void Clear()
    {
        StopAnswer();
        Report(new LiveEvent.Cleared());
    }

    /// <summary>Begins to record, from a state that a replay can begin with.</summary>
    public void StartRecording()
    {
        lock (_gate)
        {
            _recordingSince = _time.GetTimestamp();
            _recorded = [new RecordedEvent(0, new LiveEvent.Cleared()), new RecordedEvent(0, new LiveEvent.Moved(State.Sliders, State.Scope))];
        }
        Clear();
    }

    /// <summary>Ends the recording and gives it out.</summary>
    public LiveRecording StopRecording()
    {
        List<RecordedEvent> events;
        lock (_gate)
            (events, _recorded) = (_recorded ?? [], null);
        Changed?.Invoke();
        return new LiveRecording { Model = State.Model, CreatedAt = _time.GetUtcNow(), Events = [.. events] };
    }

    /// <summary>Plays a recording: exactly what was seen, without the model. What is shown of harmful text is as this demonstration has it.</summary>
    public async Task ReplayAsync(LiveRecording recording, double speed = 1)
    {
        StopAnswer();
        CancellationTokenSource playing = BeginAnswer();
        Replaying = true;
        try
        {
            long start = _time.GetTimestamp();
            foreach (RecordedEvent e in recording.Events)
            {
                TimeSpan wait = TimeSpan.FromMilliseconds(e.Ms / speed) - _time.GetElapsedTime(start);
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, _time, playing.Token).ConfigureAwait(false);
                playing.Token.ThrowIfCancellationRequested();
                Report(e.Event);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped: what was shown stays.
        }
        finally
        {
            Replaying = false;
            EndAnswer(playing);
            Changed?.Invoke();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Cancel();
        StopAnswer();
        Changed?.Invoke();
    }

    private async Task AnswerAsync(params LiveSide[] sides)
    {
        StopAnswer();
        CancellationTokenSource answering = BeginAnswer();
        LiveState asked = State;
        try
        {
            foreach (LiveSide side in sides)
                Report(new LiveEvent.Began(side));
            foreach (LiveSide side in sides)
                Report(new LiveEvent.Read(side, await _runner.ReadAsync(asked.Model, Turn(asked, side), answering.Token).ConfigureAwait(false)));
            IReadOnlyList<LiveAnswer> answers = await _runner.AnswerAsync(
                asked.Model, [.. sides.Select(s => Turn(asked, s))], new GenerationOptions { MaxNewTokens = MostNewTokens },
                (row, text) =>
                {
                    if (text.Length > 0 && !answering.IsCancellationRequested)
                        Report(new LiveEvent.Wrote(sides[row], text));
                }, answering.Token).ConfigureAwait(false);
            if (answering.IsCancellationRequested)
                return;
            for (int i = 0; i < sides.Length; i++)
                Report(new LiveEvent.Ended(sides[i], answers[i].Text, answers[i].Verdict, answers[i].TokensPerSecond));
        }
        catch (OperationCanceledException)
        {
            // Given up for a newer one.
        }
        catch (EngineException e)
        {
            Report(new LiveEvent.Stopped());
            Report(new LiveEvent.Failed(e.Message));
        }
        finally
        {
            EndAnswer(answering);
        }
    }

    // While one place is computed the slider moves on: only the newest is computed next.
    private void ReadSoon()
    {
        lock (_gate)
        {
            if (State.Steered.Turns.IsEmpty)
                return;
            _readAgain = true;
            if (_reading)
                return;
            _reading = true;
        }
        _ = Task.Run(ReadNewestAsync);
    }

    private async Task ReadNewestAsync()
    {
        while (true)
        {
            lock (_gate)
            {
                if (!_readAgain || _closed.IsCancellationRequested)
                {
                    _reading = false;
                    return;
                }
                _readAgain = false;
            }
            try
            {
                LiveState asked = State;
                LiveReading reading = await _runner.ReadAsync(asked.Model, Turn(asked, LiveSide.Steered), _closed.Token).ConfigureAwait(false);
                if (State.Steered.Turns == asked.Steered.Turns)
                    Report(new LiveEvent.Read(LiveSide.Steered, reading));
            }
            catch (OperationCanceledException)
            {
                // The demonstration is over.
            }
            catch (EngineException e)
            {
                Report(new LiveEvent.Failed(e.Message));
            }
        }
    }

    private static LiveTurn Turn(LiveState state, LiveSide side) =>
        new(state[side].Turns, side == LiveSide.Baseline ? InterventionSet.Empty : state.Edits);

    // The baseline's answer does not depend on the sliders, so that it may go on.
    private void StopSteered()
    {
        if (!State.Steered.Writing)
            return;
        StopAnswer();
        Report(new LiveEvent.Stopped());
    }

    private void StopAnswer()
    {
        lock (_gate)
            _ = _answering?.CancelAsync();
    }

    private CancellationTokenSource BeginAnswer()
    {
        var answering = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        lock (_gate)
            _answering = answering;
        return answering;
    }

    private void EndAnswer(CancellationTokenSource answering)
    {
        lock (_gate)
        {
            if (_answering == answering)
                _answering = null;
        }
        answering.Dispose();
    }

    private void Report(LiveEvent e)
    {
        lock (_gate)
        {
            State = State.After(e);
            LastUsed = _time.GetUtcNow();
            if (_recorded is { Count: < LiveRecording.MostEvents })
                _recorded.Add(new RecordedEvent(_time.GetElapsedTime(_recordingSince).TotalMilliseconds, e));
        }
        Changed?.Invoke();
    }
}
