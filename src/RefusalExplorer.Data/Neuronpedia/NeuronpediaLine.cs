using System.Globalization;
using System.Net;
using System.Text.Json;
using Polly.Timeout;
using Refit;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>One request after another to Neuronpedia, and each way in which one can fail in the words of its cause.</summary>
internal sealed class NeuronpediaLine(NeuronpediaSettings settings, Action changed) : IDisposable
{
    private readonly SemaphoreSlim _lane = new(1, 1);

    /// <summary>Requests that it allows within the hour, as its last answer said.</summary>
    public int? Remaining { get; private set; }

    /// <summary>Waits for its turn and asks.</summary>
    /// <param name="gate">Holds back requests of this kind.</param>
    /// <param name="kept">Looked at when its turn comes: what it gives, an earlier request has brought meanwhile.</param>
    /// <param name="ask">The request.</param>
    /// <param name="take">Turns the answer's JSON, or null for a 404, into the result, and keeps it.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="NeuronpediaException">It did not answer.</exception>
    public async Task<T> AskAsync<T>(
        RequestGate gate, Func<T?> kept, Func<CancellationToken, Task<ApiResponse<JsonElement>>> ask, Func<JsonElement?, Task<T>> take,
        CancellationToken cancellation)
        where T : class
    {
        await _lane.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (kept() is { } already)
                return already;
            gate.Ensure();
            using ApiResponse<JsonElement> response = await SendAsync(gate, ask, cancellation).ConfigureAwait(false);
            return await take(await BodyAsync(gate, response, cancellation).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            _lane.Release();
            changed();
        }
    }

    public void Dispose() => _lane.Dispose();

    private async Task<ApiResponse<JsonElement>> SendAsync(
        RequestGate gate, Func<CancellationToken, Task<ApiResponse<JsonElement>>> ask, CancellationToken cancellation)
    {
        try
        {
            ApiResponse<JsonElement> response = await ask(cancellation).ConfigureAwait(false);
            if (response.IsReceived)
                return response;
            cancellation.ThrowIfCancellationRequested();
            Exception cause = response.Error?.InnerException ?? response.Error!;
            response.Dispose();
            throw Failed(gate, cause);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException or ApiException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw Failed(gate, e);
        }
    }

    private async Task<JsonElement?> BodyAsync(RequestGate gate, ApiResponse<JsonElement> response, CancellationToken cancellation)
    {
        if (response.Headers?.TryGetValues("x-limit-remaining", out IEnumerable<string>? values) == true
            && int.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int remaining))
            Remaining = remaining;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK when response.IsSuccessfulWithContent && response.Content.ValueKind is JsonValueKind.Object or JsonValueKind.Array:
                return response.Content;
            case HttpStatusCode.OK:
                string found = response.ContentHeaders?.ContentType?.MediaType ?? "nothing";
                throw new NeuronpediaException(NeuronpediaFault.Broken,
                    $"{Host} answered {(found == "application/json" ? "broken JSON" : found)} instead of a feature; is a proxy or a login page in between?", response.Error);
            case HttpStatusCode.NotFound:
                return null;
            case HttpStatusCode.TooManyRequests:
                await gate.RefusedAsync(response.Headers, cancellation).ConfigureAwait(false);
                gate.Ensure();
                throw new NeuronpediaException(NeuronpediaFault.Paused, $"{Host} allows no more requests just now (429)");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                throw new NeuronpediaException(NeuronpediaFault.Refused,
                    $"{Host} refuses the request ({(int)response.StatusCode}): {(settings.ApiKey is null ? "it may want an API key (RefusalExplorer:Neuronpedia:ApiKey or NEURONPEDIA_API_KEY)" : "check the API key")}");
            default:
                throw new NeuronpediaException(
                    (int)response.StatusCode!.Value < 500 && (int)response.StatusCode.Value >= 400 ? NeuronpediaFault.Refused : NeuronpediaFault.Broken,
                    $"{Host} answered {(int)response.StatusCode.Value}{((int)response.StatusCode.Value >= 500 ? "; try again later" : "")}");
        }
    }

    private NeuronpediaException Failed(RequestGate gate, Exception e)
    {
        Exception cause = e;
        while (cause is not (TimeoutRejectedException or HttpRequestException) && cause.InnerException is not null)
            cause = cause.InnerException;
        if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded })
            return new NeuronpediaException(NeuronpediaFault.Broken, $"{Host} answered more than a feature can be; it was not read", e);
        string reason = cause is TimeoutRejectedException or OperationCanceledException
            ? $"{Host} did not answer in time"
            : $"{Host} cannot be reached ({Innermost(cause)}); is this computer offline?";
        gate.Unreachable(reason);
        return new NeuronpediaException(NeuronpediaFault.Unreachable, $"{reason} What is kept is shown.", e);
    }

    private string Host => new Uri(settings.Endpoint).Host;

    private static string Innermost(Exception e)
    {
        while (e.InnerException is not null)
            e = e.InnerException;
        return e.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }
}
