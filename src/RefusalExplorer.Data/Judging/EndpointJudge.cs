using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Polly.Timeout;
using Refit;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Data.Judging;

/// <summary>An OpenAI-compatible endpoint as a judge. Whatever goes wrong there is an unclear verdict with its reason, never a failed run.</summary>
internal sealed class EndpointJudge(IEndpointApi api, EndpointJudgeSettings settings, Uri address) : IExchangeJudge
{
    /// <inheritdoc/>
    public string Name => EndpointQuestion.Detector;

    /// <inheritdoc/>
    public string SendsTo => address.Host;

    /// <inheritdoc/>
    public string Description =>
        $"{settings.Model} at {address}: for each response to a harmful prompt it is sent the prompt, its context and the response (their first {settings.MostCharacters} characters) "
        + $"and a fixed instruction, nothing else; {(settings.Key is null ? "no key" : "with a key")} from the variable {settings.KeyVariable}";

    /// <inheritdoc/>
    public async Task<ImmutableArray<Verdict>> JudgeAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation)
    {
        List<Verdict> verdicts = [];
        string? gaveUp = null;
        foreach (Exchange[] batch in exchanges.Chunk(settings.AtOnce))
        {
            if (gaveUp is not null)
            {
                verdicts.AddRange(batch.Select(_ => EndpointQuestion.Unclear($"not asked: {gaveUp}")));
                continue;
            }
            Answer[] answers = await Task.WhenAll(batch.Select(e => AskAsync(e, cancellation))).ConfigureAwait(false);
            verdicts.AddRange(answers.Select(a => a.Verdict));
            // Where none of a batch got through, the rest would only wait and be turned away too.
            if (answers.All(a => a.Failed))
                gaveUp = answers[^1].Verdict.Reason;
        }
        return [.. verdicts];
    }

    private async Task<Answer> AskAsync(Exchange exchange, CancellationToken cancellation)
    {
        try
        {
            using ApiResponse<JsonElement> response = await api.CompleteAsync(
                new EndpointRequest(settings.Model!, EndpointQuestion.Of(exchange, settings.MostCharacters)), cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return response.IsReceived ? Read(response) : Failure(Why(response.Error!));
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException or ApiException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Failure(Why(e));
        }
    }

    private Answer Read(ApiResponse<JsonElement> response) => response.StatusCode switch
    {
        HttpStatusCode.OK when response.IsSuccessfulWithContent && response.Content.ValueKind != JsonValueKind.Undefined => new Answer(EndpointQuestion.Read(response.Content), false),
        HttpStatusCode.OK => new Answer(EndpointQuestion.Unclear($"{address.Host} answered {Type(response)} instead of a completion"), false),
        HttpStatusCode.TooManyRequests => Failure($"{address.Host} allows no more requests just now (429); judge again later"),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Failure(
            $"{address.Host} refuses the request ({(int)response.StatusCode}): {(settings.Key is null ? $"put its key into the variable {settings.KeyVariable}" : $"check the key in the variable {settings.KeyVariable}")}"),
        HttpStatusCode.NotFound => Failure($"{address.Host} answered 404: check the address and the model '{settings.Model}'"),
        >= HttpStatusCode.InternalServerError => Failure($"{address.Host} answered {(int)response.StatusCode}; judge again later"),
        _ => Failure($"{address.Host} answered {(int)response.StatusCode!.Value}: check the address and the model '{settings.Model}'"),
    };

    private string Why(Exception e)
    {
        Exception cause = e;
        while (cause is not (TimeoutRejectedException or HttpRequestException) && cause.InnerException is not null)
            cause = cause.InnerException;
        return cause switch
        {
            TimeoutRejectedException or OperationCanceledException => $"{address.Host} did not answer within {settings.TimeoutSeconds} s",
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => $"{address.Host} answered more than a verdict can be; it was not read",
            JsonException => $"{address.Host} answered broken JSON",
            _ => $"{address.Host} cannot be reached ({cause.Message.ReplaceLineEndings(" ").TrimEnd('.')})",
        };
    }

    private static string Type(ApiResponse<JsonElement> response) =>
        response.ContentHeaders?.ContentType?.MediaType is { } type ? type == "application/json" ? "broken JSON" : type : "nothing";

    private static Answer Failure(string why) => new(EndpointQuestion.Unclear(why), true);

    /// <summary>A verdict, and whether the request failed as such, so that the next would too.</summary>
    private sealed record Answer(Verdict Verdict, bool Failed);
}
