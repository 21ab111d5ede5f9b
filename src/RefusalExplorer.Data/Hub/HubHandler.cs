using System.Net;
using System.Net.Http.Headers;

namespace RefusalExplorer.Data.Hub;

/// <summary>
/// Adds the token to requests to the hub itself and follows redirects to where the bytes are kept, which never see it:
/// their addresses are signed already.
/// </summary>
internal sealed class HubHandler(HubOptions options, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int LongestChain = 6;
    private static readonly ProductInfoHeaderValue Product = new("refusal-explorer", typeof(HubHandler).Assembly.GetName().Version!.ToString(3));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Prepare(request);
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        for (int hop = 0; Next(request.RequestUri!, response) is { } next; hop++)
        {
            response.Dispose();
            if (hop == LongestChain)
                throw new HttpRequestException($"{request.RequestUri!.Host} redirects without end");
            if (next.Scheme != "https" && request.RequestUri!.Scheme == "https")
                throw new HttpRequestException($"{request.RequestUri.Host} redirects to an address without https");
            var onward = new HttpRequestMessage(HttpMethod.Get, next);
            onward.Headers.Range = request.Headers.Range;
            Prepare(onward);
            request = onward;
            response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        return response;
    }

    private void Prepare(HttpRequestMessage request)
    {
        request.Headers.UserAgent.Add(Product);
        request.Headers.Authorization = MaySeeToken(request.RequestUri!) && options.Token() is { Value.Length: > 0 } token
            ? new AuthenticationHeaderValue("Bearer", token.Value)
            : null;
    }

    private bool MaySeeToken(Uri uri) =>
        Uri.Compare(uri, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0 &&
        (uri.Scheme == "https" || uri.IsLoopback);

    private static Uri? Next(Uri from, HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
            when response.Headers.Location is { } location => new Uri(from, location),
        _ => null,
    };
}
