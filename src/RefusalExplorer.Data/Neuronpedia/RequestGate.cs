using System.Globalization;
using System.Net.Http.Headers;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>Holds requests of one kind back while Neuronpedia wants none, or cannot be reached. A pause that it asked for outlives a restart.</summary>
internal sealed class RequestGate(string kind, AnswerFile file, NeuronpediaPatience patience, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Queue<DateTimeOffset> _asked = new();
    private bool _loaded;
    private Pause? _pause;

    private sealed record Pause(DateTimeOffset Until, string Reason, NeuronpediaFault Fault);

    /// <summary>Until when and why nothing is asked, or null.</summary>
    public (DateTimeOffset Until, string Reason)? Paused => Current() is { } pause ? (pause.Until, pause.Reason) : null;

    /// <exception cref="NeuronpediaException">It is paused.</exception>
    public void Ensure()
    {
        if (Current() is { } pause)
            throw new NeuronpediaException(pause.Fault, $"{pause.Reason}; it is asked again from {pause.Until.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC on, and what is kept is shown until then");
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            while (_asked.TryPeek(out DateTimeOffset old) && old + patience.Window < now)
                _asked.Dequeue();
            _asked.Enqueue(now);
        }
    }

    /// <summary>It answered 429: nothing is asked until its window ends.</summary>
    public async Task RefusedAsync(HttpResponseHeaders? headers, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow(), first;
        lock (_lock)
            first = _asked.TryPeek(out DateTimeOffset asked) ? asked : now;
        // It sends no Retry-After today. The window began with our first request or later; a minute at least, since clocks differ.
        DateTimeOffset until = headers?.RetryAfter switch
        {
            { Delta: { } delta } => now + delta,
            { Date: { } date } => date,
            _ => first + patience.Window,
        };
        until = until < now.AddMinutes(1) ? now.AddMinutes(1) : until > now.AddHours(24) ? now.AddHours(24) : until;
        Set(new Pause(until, $"Neuronpedia allows no more {kind} within this hour (429)", NeuronpediaFault.Paused));
        await file.SetStateAsync($"paused:{kind}", until.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), cancellation).ConfigureAwait(false);
    }

    /// <summary>It could not be reached: others need not wait for the same failure.</summary>
    public void Unreachable(string reason) => Set(new Pause(time.GetUtcNow() + patience.UnreachablePause, reason, NeuronpediaFault.Unreachable));

    private void Set(Pause pause)
    {
        lock (_lock)
            _pause = pause;
    }

    private Pause? Current()
    {
        lock (_lock)
        {
            if (!_loaded)
            {
                _loaded = true;
                if (long.TryParse(file.State($"paused:{kind}"), CultureInfo.InvariantCulture, out long until))
                    _pause = new Pause(DateTimeOffset.FromUnixTimeMilliseconds(until), $"Neuronpedia allowed no more {kind} (429)", NeuronpediaFault.Paused);
            }
            if (_pause is { } pause && pause.Until <= time.GetUtcNow())
                _pause = null;
            return _pause;
        }
    }
}
