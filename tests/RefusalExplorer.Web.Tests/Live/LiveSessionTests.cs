using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Live;
using Xunit;

namespace RefusalExplorer.Web.Tests.Live;

public sealed class LiveSessionTests : IDisposable
{
    private static readonly LiveSlider Slider = new(new FeatureId(12, 98), 5);
    private readonly ScriptedLiveRunner _runner = new();
    private readonly LiveSessions _sessions;

    public LiveSessionTests() => _sessions = new LiveSessions(_runner, TimeProvider.System);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Said_BothSidesAnswer_AndAReleasedSliderAnswersOneAgain()
    {
        LiveSession session = _sessions.Start("demo", LiveBlur.Hidden);
        session.Move([Slider]);
        await session.SayAsync("a message", sensitive: true);
        Assert.Equal(ScriptedLiveRunner.Refusal, session.State.Baseline.Answer);
        Assert.Equal(ScriptedLiveRunner.Refusal, session.State.Steered.Answer);
        Assert.Equal(0.9, session.State.Steered.Reading!.RefusalProbability);

        session.Move([Slider with { Units = 0, On = true }]);
        Assert.True(session.State.Stale);
        await session.CommitAsync();
        Assert.Equal(ScriptedLiveRunner.Compliance, session.State.Steered.Answer);
        Assert.Equal(VerdictKind.Complied, session.State.Steered.Verdict!.Kind);
        Assert.False(session.State.Stale);
        Assert.Equal([2, 1], _runner.Answers);

        await session.CommitAsync();
        Assert.Equal([2, 1], _runner.Answers);
    }

    [Fact]
    public async Task Chat_GoesOnUnderTheSameClamps_EachSideWithItsOwnAnswers()
    {
        LiveSession session = _sessions.Start("demo", LiveBlur.Shown);
        session.Move([Slider with { On = true }]);
        await session.SayAsync("one", true);
        await session.SayAsync("two", true);
        Assert.Equal(["one", ScriptedLiveRunner.Refusal, "two"], session.State.Baseline.Turns.Select(t => t.Content));
        Assert.Equal(["one", ScriptedLiveRunner.Compliance, "two"], session.State.Steered.Turns.Select(t => t.Content));
        Assert.Equal(["user", "assistant", "user"], session.State.Steered.Turns.Select(t => t.Role));
    }

    [Fact]
    public async Task Dragging_ReadsTheNewestPlaceOnly_AndGivesTheAnswerUp()
    {
        LiveSession session = _sessions.Start("demo", LiveBlur.Hidden);
        session.Move([Slider]);
        await session.SayAsync("a message", true);
        session.Move([Slider with { Units = 0, On = true }]);
        var held = new TaskCompletionSource();
        _runner.Gate = ct => held.Task.WaitAsync(ct);
        Task answer = session.CommitAsync();
        await UntilAsync(session, s => s.Writing);

        var reading = new TaskCompletionSource();
        _runner.ReadGate = () => reading.Task;
        _runner.Reads.Clear();
        for (int i = 0; i < 50; i++)
            session.Move([Slider with { Units = i / 50.0, On = true }]);
        Assert.False(session.State.Writing);
        await answer;
        reading.SetResult();
        await UntilAsync(session, _ => _runner.Reads.LastOrDefault()?.Edits.Items.FirstOrDefault()?.Value == 49 / 50.0 * 5);
        Assert.InRange(_runner.Reads.Count, 1, 6);
    }

    [Fact]
    public async Task Recording_PlaysExactlyWhatWasSeen_WithoutTheModel()
    {
        LiveSession session = _sessions.Start("demo", LiveBlur.Shown);
        session.StartRecording();
        session.Move([Slider]);
        await session.SayAsync("a message", true);
        session.Move([Slider with { Units = 0, On = true }]);
        await session.CommitAsync();
        LiveRecording recording = LiveRecording.Read(session.StopRecording().ToJson(), "test");
        int reads = _runner.Reads.Count, answers = _runner.Answers.Count;

        LiveSession later = _sessions.Start("demo", LiveBlur.Hidden);
        await later.ReplayAsync(recording, speed: 1000);
        Assert.Equal(session.State.Steered.Answer, later.State.Steered.Answer);
        Assert.Equal(session.State.Baseline.Reading!.RefusalProbability, later.State.Baseline.Reading!.RefusalProbability);
        Assert.Equal(session.State.Sliders, later.State.Sliders);
        Assert.Equal(LiveBlur.Hidden, later.State.Blur);
        Assert.True(later.State.Sensitive);
        Assert.Equal((reads, answers), (_runner.Reads.Count, _runner.Answers.Count));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("""{ "model": "demo", "format": "other" }""")]
    [InlineData("""{ "model": "demo", "events": [{ "ms": 5, "event": { "type": "stopped" } }, { "ms": 1, "event": { "type": "stopped" } }] }""")]
    [InlineData("""{ "model": "demo", "events": [{ "ms": 5, "event": { "type": "exploded" } }] }""")]
    [InlineData("""{ "model": "demo", "events": [{ "ms": 5, "event": { "type": "moved" } }] }""")]
    [InlineData("""{ "model": "demo", "events": [{ "ms": 1e300, "event": { "type": "cleared" } }] }""")]
    [InlineData("""{ "model": "demo", "events": [null] }""")]
    [InlineData("""{ "model": "demo", "events": [{ "ms": 0, "event": { "type": "read", "side": "steered" } }] }""")]
    public void BrokenRecording_IsOneLine(string json)
    {
        EngineException e = Assert.Throws<EngineException>(() => LiveRecording.Read(json, "file.json"));
        Assert.StartsWith("file.json", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task Limits_AreSaid()
    {
        LiveSession session = _sessions.Start("demo", LiveBlur.Hidden);
        Assert.Throws<EngineException>(() => session.Move([.. Enumerable.Range(0, 9).Select(i => new LiveSlider(new FeatureId(1, i), null))]));
        await Assert.ThrowsAsync<EngineException>(() => session.SayAsync(" ", false));
        await Assert.ThrowsAsync<EngineException>(() => session.SayAsync(new string('x', 5000), false));
        for (int i = 1; i < LiveSessions.Most; i++)
            _sessions.Start("demo", LiveBlur.Hidden);
        Assert.Throws<EngineBusyException>(() => _sessions.Start("demo", LiveBlur.Hidden));
        _sessions.Close(session);
        _sessions.Start("demo", LiveBlur.Hidden);
    }

    public void Dispose() => _sessions.Dispose();

    private static async Task UntilAsync(LiveSession session, Func<LiveState, bool> condition)
    {
        while (!condition(session.State))
            await Task.Delay(5, Ct);
    }
}
