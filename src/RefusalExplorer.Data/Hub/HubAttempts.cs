using System.Net;
using System.Net.Http.Headers;
using Refit;

namespace RefusalExplorer.Data.Hub;

/// <summary>Attempts of one request: transient failures are tried again with growing waits, a 429 waits as long as the hub asks for.</summary>
internal sealed class HubAttempts(HubOptions options, HubErrors errors, TimeProvider time, string repo, string what, Action<string?> note)
{
    private int _failures;

    /// <summary>Attempts while the hub cannot be reached at all: somebody who waits for its first answer must hear of it within seconds.</summary>
    public int WhileUnreachable { get; init; } = int.MaxValue;

    /// <summary>Bytes moved: the count begins again.</summary>
    public void Progressed() => _failures = 0;

    /// <summary>Waits before the next attempt, or throws.</summary>
    /// <exception cref="HubException">That was the last attempt, or none would help.</exception>
    public async Task FailedAsync(Exception e, CancellationToken cancellation)
    {
        // Refit wraps what the transport throws.
        if (e is ApiRequestException { InnerException: { } inner })
            e = inner;
        if (!HubErrors.IsTransient(e))
            throw errors.Unreachable(repo, e) ?? new HubException(HubFault.Server, $"{repo}: {what}: {HubErrors.Short(e)}", e);
        if (++_failures >= options.Attempts || (_failures >= WhileUnreachable && errors.Unreachable(repo, e) is not null))
            throw errors.GaveUp(repo, what, e, null);
        await WaitAsync($"{HubErrors.Short(e)}; trying again", Delay(), cancellation).ConfigureAwait(false);
    }

    /// <summary>Waits before the next attempt after an answer that is no success, or throws.</summary>
    /// <exception cref="HubException">That was the last attempt, or none would help.</exception>
    public async Task RefusedAsync(HttpStatusCode status, HttpResponseHeaders headers, CancellationToken cancellation)
    {
        if (status == HttpStatusCode.TooManyRequests)
        {
            TimeSpan wait = RateLimit.Wait(headers, time.GetUtcNow());
            if (wait > options.LongestPause || ++_failures >= options.Attempts)
            {
                throw new HubException(HubFault.RateLimited,
                    $"{repo}: {options.Endpoint.Host} allows no more requests for {wait.TotalMinutes:0.#} minutes{(options.Token() is null ? "; a token (HF_TOKEN) allows more" : "")}; what was fetched is kept");
            }
            await WaitAsync($"{options.Endpoint.Host} asks to wait {wait.TotalSeconds:0} s", wait, cancellation).ConfigureAwait(false);
            return;
        }
        if (!HubErrors.IsTransient(status))
            throw errors.Refusal(repo, what, status, headers);
        if (++_failures >= options.Attempts)
            throw errors.GaveUp(repo, what, null, status);
        await WaitAsync($"{options.Endpoint.Host} answered {(int)status}; trying again", Delay(), cancellation).ConfigureAwait(false);
    }

    private TimeSpan Delay()
    {
        TimeSpan delay = options.FirstDelay * Math.Pow(2, _failures - 1);
        return delay < options.LongestDelay ? delay : options.LongestDelay;
    }

    private async Task WaitAsync(string why, TimeSpan delay, CancellationToken cancellation)
    {
        note(why);
        await Task.Delay(delay, time, cancellation).ConfigureAwait(false);
        note(null);
    }
}
