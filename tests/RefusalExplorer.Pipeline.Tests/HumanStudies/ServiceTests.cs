using System.Text.Json;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

public sealed class ServiceTests : IDisposable
{
    private readonly MemoryDocumentStore _store = new();
    private readonly HumanStudyService _service;

    public ServiceTests() => _service = new HumanStudyService(_store, TimeProvider.System);

    public void Dispose() => _service.Dispose();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_IsShownOnceAndKeptAsAHash()
    {
        Invitation invitation = await InviteAsync("Ada");

        Assert.Equal(InvitationToken.Length, invitation.Token.Length);
        Assert.DoesNotContain(_store.Texts, t => t.Contains(invitation.Token, StringComparison.Ordinal));
        Assert.True(_service.TryView(invitation.Token, out AnnotatorView? view));
        Assert.Equal(("A study", "Ada", 0), (view.Title, view.Annotator, view.Answered));
    }

    [Fact]
    public async Task View_TellsNothingOfWhatTheItemIs()
    {
        Invitation invitation = await InviteAsync("Ada");
        _service.TryView(invitation.Token, out AnnotatorView? view);

        string json = JsonSerializer.Serialize(view);

        StudyItem item = Study.Items.Single(i => i.Id == view!.Card!.Item);
        Assert.All(["kind", "group", "repeat", "activation", "feature\""], word => Assert.DoesNotContain(word, json, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(Study.Labels, view!.Labels);
        Assert.Equal(item.Examples, view.Card!.Examples);
    }

    [Fact]
    public async Task Answers_GoOnWhereTheyWereAfterARestart()
    {
        Invitation invitation = await InviteAsync("Ada");
        AnnotatorView view = await AnswerAsync(invitation.Token, "fraud");
        string next = view.Card!.Item;

        using HumanStudyService restarted = new(_store, TimeProvider.System);

        Assert.True(restarted.TryView(invitation.Token, out AnnotatorView? found));
        Assert.Equal((1, next), (found.Answered, found.Card!.Item));
    }

    [Fact]
    public async Task AnswerThatCannotBeWritten_DoesNotCount()
    {
        Invitation invitation = await InviteAsync("Ada");
        _store.Full = true;

        await Assert.ThrowsAsync<StoreException>(() => AnswerAsync(invitation.Token, "fraud"));

        _service.TryView(invitation.Token, out AnnotatorView? view);
        Assert.Equal(0, view!.Answered);
        _store.Full = false;
        Assert.Equal(1, (await AnswerAsync(invitation.Token, "fraud")).Answered);
    }

    [Fact]
    public async Task SecondSendingOfAForm_ChangesNothing()
    {
        Invitation invitation = await InviteAsync("Ada");
        string item = Card(invitation).Item;
        await _service.AnswerAsync(invitation.Token, item, ["fraud"], cancellation: Stop);

        AnnotatorView? again = await _service.AnswerAsync(invitation.Token, item, ["drugs"], cancellation: Stop);

        Assert.Equal(1, again!.Answered);
        Assert.Equal(["fraud"], Assert.Single(Sheet(1).Answers()).Labels);
    }

    [Fact]
    public async Task Undo_BringsTheItemBackWithWhatWasChosen_AndKeepsTheHistory()
    {
        Invitation invitation = await InviteAsync("Ada");
        string item = Card(invitation).Item;
        await AnswerAsync(invitation.Token, "fraud", "drugs");

        AnnotatorView? view = await _service.UndoAsync(invitation.Token, Stop);
        Assert.Equal((0, item), (view!.Answered, view.Card!.Item));
        Assert.Equal(["drugs", "fraud"], view.Card.Chosen!.Value);

        await AnswerAsync(invitation.Token);
        StudyAnswer answer = Assert.Single(Sheet(1).Answers());
        Assert.Empty(answer.Labels);
        Assert.Equal(2, answer.Revisions);
        Assert.Equal(3, Sheet(1).Events.Length);
    }

    [Fact]
    public async Task Undo_WithoutAnAnswer_ChangesNothing()
    {
        Invitation invitation = await InviteAsync("Ada");

        Assert.Equal(0, (await _service.UndoAsync(invitation.Token, Stop))!.Answered);
        Assert.Empty(Sheet(1).Events);
    }

    [Fact]
    public async Task UnknownLabel_IsRefused()
    {
        Invitation invitation = await InviteAsync("Ada");

        PipelineException e = await Assert.ThrowsAsync<PipelineException>(() => AnswerAsync(invitation.Token, "weather"));

        Assert.Equal("label 'weather': expected one of drugs, fraud, violence, or none", e.Message);
    }

    [Fact]
    public async Task NewLink_MakesTheOldOneWorthless_AndAWithdrawnOneIsToo()
    {
        Invitation first = await InviteAsync("Ada");
        await AnswerAsync(first.Token, "fraud");
        Invitation second = await _service.RenewAsync("s1", 1, Stop);

        Assert.False(_service.TryView(first.Token, out _));
        Assert.True(_service.TryView(second.Token, out AnnotatorView? view));
        Assert.Equal(1, view.Answered);

        await _service.WithdrawAsync("s1", 1, Stop);
        Assert.False(_service.TryView(second.Token, out _));
        Assert.Null(await _service.AnswerAsync(second.Token, view.Card!.Item, [], cancellation: Stop));
        Assert.Single(Sheet(1).Answers());
    }

    [Fact]
    public async Task Names_AreNeededAndUnique()
    {
        await InviteAsync("Ada");

        await Assert.ThrowsAsync<PipelineException>(() => _service.InviteAsync("s1", "ada ", Stop));
        await Assert.ThrowsAsync<PipelineException>(() => _service.InviteAsync("s1", "  ", Stop));
        await Assert.ThrowsAsync<PipelineException>(() => _service.InviteAsync("s2", "Eve", Stop));
    }

    [Fact]
    public async Task ClosedStudy_TakesNoAnswer_AndShowsResultsOnlyThen()
    {
        Invitation invitation = await InviteAsync("Ada");
        string item = Card(invitation).Item;
        _service.TryGet("s1", out HumanStudyState? open);
        Assert.Contains("hidden until it is closed", Assert.Throws<PipelineException>(() => HumanStudyResults.Of(open!)).Message, StringComparison.Ordinal);
        Assert.Throws<PipelineException>(() => HumanStudyExport.JsonLines(open!));

        await _service.CloseAsync("s1", Stop);

        AnnotatorView? view = await _service.AnswerAsync(invitation.Token, item, ["fraud"], cancellation: Stop);
        Assert.True(view is { Closed: true, Answered: 0, Card: null });
        await Assert.ThrowsAsync<PipelineException>(() => _service.InviteAsync("s1", "Eve", Stop));
        await Assert.ThrowsAsync<PipelineException>(() => _service.CloseAsync("s1", Stop));
    }

    [Fact]
    public async Task ManyAtOnce_LoseNoAnswer()
    {
        await CreateAsync();
        Invitation[] invitations = [await _service.InviteAsync("s1", "a", Stop), await _service.InviteAsync("s1", "b", Stop), await _service.InviteAsync("s1", "c", Stop)];

        await Task.WhenAll(invitations.Select(i => Task.Run(async () =>
        {
            for (int n = 0; n < Study.Items.Length; n++)
                await AnswerAsync(i.Token, "drugs");
        }, Stop)));

        _service.TryGet("s1", out HumanStudyState? state);
        Assert.All(state!.Progress, p => Assert.True(p.Finished));
        Assert.All([1, 2, 3], n => Assert.Equal(Study.Items.Length, Sheet(n).Events.Length));
    }

    [Fact]
    public async Task Deleted_LeavesNothingBehind()
    {
        Invitation invitation = await InviteAsync("Ada");
        await AnswerAsync(invitation.Token, "fraud");

        await _service.DeleteAsync("s1", Stop);

        Assert.Empty(_store.Texts);
        Assert.False(_service.TryView(invitation.Token, out _));
    }

    [Fact]
    public async Task TimeOfLooking_IsMeasured_AndNonsenseIsLeftOut()
    {
        Invitation invitation = await InviteAsync("Ada");
        await _service.AnswerAsync(invitation.Token, Card(invitation).Item, [], DateTimeOffset.UtcNow.AddSeconds(-5), Stop);
        await _service.AnswerAsync(invitation.Token, Card(invitation).Item, [], DateTimeOffset.UtcNow.AddDays(-2), Stop);

        Assert.Collection(Sheet(1).Answers(), a => Assert.InRange(a.Seconds!.Value, 4.9, 3600), a => Assert.Null(a.Seconds));
    }

    private static HumanStudy Study { get; } = StudyExample.Study();

    private Task CreateAsync() => _service.CreateAsync(Study, Stop);

    private async Task<Invitation> InviteAsync(string name)
    {
        await CreateAsync();
        return await _service.InviteAsync("s1", name, Stop);
    }

    private BlindCard Card(Invitation invitation) => _service.TryView(invitation.Token, out AnnotatorView? view) ? view.Card! : throw new InvalidOperationException();

    private async Task<AnnotatorView> AnswerAsync(string token, params string[] labels)
    {
        _service.TryView(token, out AnnotatorView? view);
        return (await _service.AnswerAsync(token, view!.Card!.Item, labels, cancellation: Stop))!;
    }

    private AnswerSheet Sheet(int annotator) => _service.TryGet("s1", out HumanStudyState? state) ? state.Sheet(annotator) : AnswerSheet.Empty;
}
