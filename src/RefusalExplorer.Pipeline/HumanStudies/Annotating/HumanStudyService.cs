using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>
/// Human studies: made, annotated, closed. A task that completes means that the change is on disk; one that fails changed nothing.
/// Thread-safe; all studies are kept in memory once they were read.
/// </summary>
public sealed class HumanStudyService(IDocumentStore store, TimeProvider time) : IDisposable
{
    private const int LongestName = 60;
    private static readonly TimeSpan LongestLook = TimeSpan.FromHours(1);
    private readonly HumanStudyDocuments _documents = new(store);
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Lock _loading = new();
    private volatile ImmutableDictionary<string, HumanStudyState>? _studies;

    /// <summary>A study changed; the argument is its id. Raised on any thread.</summary>
    public event Action<string>? Changed;

    /// <summary>All studies, newest first.</summary>
    public ImmutableArray<HumanStudyState> List() => [.. Studies.Values.OrderByDescending(s => s.Study.CreatedAt)];

    /// <summary>A study.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out HumanStudyState? state) => Studies.TryGetValue(id, out state);

    /// <summary>Keeps a new study.</summary>
    /// <exception cref="PipelineException">There is one of that id.</exception>
    public async Task CreateAsync(HumanStudy study, CancellationToken cancellation = default)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (Studies.ContainsKey(study.Id))
                throw new PipelineException($"human study '{study.Id}': there is one of that id");
            await _documents.SaveAsync(study, cancellation).ConfigureAwait(false);
            Set(new HumanStudyState(study, new HumanStudyRoster(), ImmutableSortedDictionary<int, AnswerSheet>.Empty));
        }
        finally
        {
            _gate.Release();
        }
        Changed?.Invoke(study.Id);
    }

    /// <summary>Invites someone; only the answer holds the token.</summary>
    /// <exception cref="PipelineException">There is no such study, it is closed, or the name is empty, too long or taken.</exception>
    public Task<Invitation> InviteAsync(string id, string name, CancellationToken cancellation = default) => ChangeRosterAsync(id, roster =>
    {
        name = name.Trim();
        if (name.Length is 0 or > LongestName)
            throw new PipelineException($"annotator's name: {name.Length} characters; expected 1 to {LongestName}");
        if (roster.Annotators.Any(a => a.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            throw new PipelineException($"annotator '{name}': already invited; give another name, or make a new link for them");
        string token = InvitationToken.Create();
        Annotator annotator = new(roster.Annotators.Length + 1, name, InvitationToken.Hash(token), time.GetUtcNow());
        return (roster with { Annotators = roster.Annotators.Add(annotator) }, new Invitation(annotator, token));
    }, cancellation);

    /// <summary>Gives an annotator another link; the one before is worth nothing then.</summary>
    /// <exception cref="PipelineException">There is no such study or annotator, or the study is closed.</exception>
    public Task<Invitation> RenewAsync(string id, int annotator, CancellationToken cancellation = default) => ChangeRosterAsync(id, roster =>
    {
        string token = InvitationToken.Create();
        Annotator renewed = Find(id, roster, annotator) with { TokenHash = InvitationToken.Hash(token) };
        return (Replace(roster, renewed), new Invitation(renewed, token));
    }, cancellation);

    /// <summary>Withdraws an annotator's link; the answers stay.</summary>
    /// <exception cref="PipelineException">There is no such study or annotator, or the study is closed.</exception>
    public Task WithdrawAsync(string id, int annotator, CancellationToken cancellation = default) => ChangeRosterAsync(
        id, roster => (Replace(roster, Find(id, roster, annotator) with { TokenHash = null }), true), cancellation);

    /// <summary>Ends the study: no more answers, and results may be looked at.</summary>
    /// <exception cref="PipelineException">There is no such study, or it is closed.</exception>
    public Task CloseAsync(string id, CancellationToken cancellation = default) => ChangeRosterAsync(
        id, roster => (roster with { ClosedAt = time.GetUtcNow() }, true), cancellation);

    /// <summary>Removes a study with all answers.</summary>
    /// <exception cref="PipelineException">There is no such study.</exception>
    public async Task DeleteAsync(string id, CancellationToken cancellation = default)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _documents.DeleteAsync(id, Get(id).Roster, cancellation).ConfigureAwait(false);
            _studies = Studies.Remove(id);
        }
        finally
        {
            _gate.Release();
        }
        Changed?.Invoke(id);
    }

    /// <summary>What the holder of a link may see; false if the link is worth nothing.</summary>
    public bool TryView(string token, [NotNullWhen(true)] out AnnotatorView? view)
    {
        view = Holder(token) is var (state, annotator) ? state.ViewOf(annotator) : null;
        return view is not null;
    }

    /// <summary>Takes an answer to the item that the annotator is at. An answer to any other item changes nothing: it comes from an old page.</summary>
    /// <param name="token">Of the link.</param>
    /// <param name="item">The item.</param>
    /// <param name="labels">Labels of the study; empty for "None".</param>
    /// <param name="shownAt">When the item was shown, or null.</param>
    /// <param name="cancellation">Before the write.</param>
    /// <returns>What comes next; null if the link is worth nothing.</returns>
    /// <exception cref="PipelineException">A label is not the study's.</exception>
    /// <exception cref="StoreException">The answer could not be written, and does not count.</exception>
    public Task<AnnotatorView?> AnswerAsync(
        string token, string item, IReadOnlyCollection<string> labels, DateTimeOffset? shownAt = null, CancellationToken cancellation = default) =>
        RecordAsync(token, (state, annotator) =>
        {
            if (labels.FirstOrDefault(l => !state.Study.Labels.Contains(l)) is { } unknown)
                throw new PipelineException($"label '{unknown}': expected one of {string.Join(", ", state.Study.Labels)}, or none");
            if (state.ViewOf(annotator).Card?.Item != item)
                return null;
            DateTimeOffset now = time.GetUtcNow();
            double? seconds = now - shownAt is { } look && look >= TimeSpan.Zero && look <= LongestLook ? look.TotalSeconds : null;
            return new SheetEvent(item, [.. state.Study.Labels.Where(labels.Contains)], now, seconds);
        }, cancellation);

    /// <summary>Takes the newest answer back, so that its item comes again.</summary>
    /// <returns>What comes next; null if the link is worth nothing.</returns>
    /// <exception cref="StoreException">That could not be written, and did not happen.</exception>
    public Task<AnnotatorView?> UndoAsync(string token, CancellationToken cancellation = default) => RecordAsync(token, (state, annotator) =>
        state.Sheet(annotator.Number).Answers() is [.., var newest] && !state.Closed ? new SheetEvent(newest.Item, null, time.GetUtcNow()) : null, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private ImmutableDictionary<string, HumanStudyState> Studies
    {
        get
        {
            if (_studies is { } known)
                return known;
            lock (_loading)
                return _studies ??= Load();
        }
    }

    private ImmutableDictionary<string, HumanStudyState> Load()
    {
        ImmutableDictionary<string, HumanStudyState>.Builder all = ImmutableDictionary.CreateBuilder<string, HumanStudyState>(StringComparer.Ordinal);
        foreach (string id in _documents.Ids)
        {
            if (!_documents.TryGet(id, out HumanStudy? study))
                continue;
            HumanStudyRoster roster = _documents.Roster(id);
            all[id] = new HumanStudyState(study, roster, roster.Annotators.ToImmutableSortedDictionary(a => a.Number, a => _documents.Sheet(id, a.Number)));
        }
        return all.ToImmutable();
    }

    private HumanStudyState Get(string id) => TryGet(id, out HumanStudyState? state) ? state : throw new PipelineException($"human study '{id}': there is none of that id");

    private void Set(HumanStudyState state) => _studies = Studies.SetItem(state.Study.Id, state);

    private (HumanStudyState State, Annotator Annotator)? Holder(string token)
    {
        if (token.Length != InvitationToken.Length)
            return null;
        string hash = InvitationToken.Hash(token);
        foreach (HumanStudyState state in Studies.Values)
        {
            if (state.Roster.Annotators.FirstOrDefault(a => a.TokenHash == hash) is { } annotator)
                return (state, annotator);
        }
        return null;
    }

    private async Task<T> ChangeRosterAsync<T>(string id, Func<HumanStudyRoster, (HumanStudyRoster Roster, T Answer)> change, CancellationToken cancellation)
    {
        T answer;
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            HumanStudyState state = Get(id);
            if (state.Closed)
                throw new PipelineException($"human study '{state.Study.Title}': it is closed");
            (HumanStudyRoster roster, answer) = change(state.Roster);
            await _documents.SaveAsync(id, roster, cancellation).ConfigureAwait(false);
            Set(state with { Roster = roster });
        }
        finally
        {
            _gate.Release();
        }
        Changed?.Invoke(id);
        return answer;
    }

    private async Task<AnnotatorView?> RecordAsync(string token, Func<HumanStudyState, Annotator, SheetEvent?> record, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        HumanStudyState state;
        Annotator annotator;
        try
        {
            if (Holder(token) is not var (found, holder))
                return null;
            (state, annotator) = (found, holder);
            if (record(state, annotator) is { } happened)
            {
                AnswerSheet sheet = new(state.Sheet(annotator.Number).Events.Add(happened));
                await _documents.SaveAsync(state.Study.Id, annotator.Number, sheet, cancellation).ConfigureAwait(false);
                Set(state = state with { Sheets = state.Sheets.SetItem(annotator.Number, sheet) });
            }
        }
        finally
        {
            _gate.Release();
        }
        Changed?.Invoke(state.Study.Id);
        return state.ViewOf(annotator);
    }

    private static Annotator Find(string id, HumanStudyRoster roster, int annotator) => roster.Annotators.FirstOrDefault(a => a.Number == annotator)
        ?? throw new PipelineException($"human study '{id}': no annotator {annotator}; expected 1 to {roster.Annotators.Length}");

    private static HumanStudyRoster Replace(HumanStudyRoster roster, Annotator annotator) =>
        roster with { Annotators = [.. roster.Annotators.Select(a => a.Number == annotator.Number ? annotator : a)] };
}
