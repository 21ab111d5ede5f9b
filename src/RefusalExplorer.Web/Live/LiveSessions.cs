using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Live;

/// <summary>The demonstrations of this process, by the presenter's key and by the audience's code.</summary>
public sealed class LiveSessions(ILiveRunner runner, TimeProvider time) : IDisposable
{
    /// <summary>Demonstrations at once.</summary>
    public const int Most = 32;

    private static readonly TimeSpan Idle = TimeSpan.FromHours(6);
    private readonly ConcurrentDictionary<string, LiveSession> _byKey = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Begins a demonstration.</summary>
    /// <exception cref="EngineBusyException">Too many are open.</exception>
    public LiveSession Start(string model, LiveBlur blur)
    {
        lock (_gate)
        {
            foreach (LiveSession old in _byKey.Values.Where(s => time.GetUtcNow() - s.LastUsed > Idle))
                Close(old);
            if (_byKey.Count >= Most)
                throw new EngineBusyException($"{Most} demonstrations are open already; end one first");
            var session = new LiveSession(Word(), Word(), model, blur, runner, time);
            return _byKey[session.Key] = session;
        }
    }

    /// <summary>The demonstration of a presenter's key.</summary>
    public bool TryLead(string key, [NotNullWhen(true)] out LiveSession? session) => _byKey.TryGetValue(key, out session);

    /// <summary>The demonstration of an audience's code.</summary>
    public bool TryWatch(string code, [NotNullWhen(true)] out LiveSession? session)
    {
        session = _byKey.Values.FirstOrDefault(s => s.Code == code);
        return session is not null;
    }

    /// <summary>Ends a demonstration; those who watch are told.</summary>
    public void Close(LiveSession session)
    {
        if (_byKey.TryRemove(session.Key, out _))
            session.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LiveSession session in _byKey.Values)
            session.Dispose();
    }

    // 80 bits in letters that one can read out.
    private static string Word() => RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
}
