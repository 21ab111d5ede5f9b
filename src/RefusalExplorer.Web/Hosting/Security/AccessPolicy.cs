using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Decides by token, host and origin who is served. Without a token: this machine alone.</summary>
public sealed class AccessPolicy
{
    private readonly byte[]? _tokenHash;
    private readonly HashSet<string> _hosts;

    /// <exception cref="EngineException">The token is too short.</exception>
    public AccessPolicy(AccessSettings settings)
    {
        if (settings.Token is { Length: < AccessSettings.ShortestToken })
        {
            throw new EngineException(
                $"settings, {AppSettings.Section}:Access:Token: it has {settings.Token.Length} characters; expected at least {AccessSettings.ShortestToken}");
        }
        _tokenHash = settings.Token is null ? null : Hash(settings.Token);
        _hosts = new HashSet<string>(settings.AllowedHosts, StringComparer.OrdinalIgnoreCase);
        if (NeedsToken)
            _hosts.Add(Dns.GetHostName());
    }

    /// <summary>Whether visitors must show the token.</summary>
    public bool NeedsToken => _tokenHash is not null;

    /// <summary>Changes with the token, so that a sign-in ends when the token changes; says nothing about it.</summary>
    public string Stamp => _tokenHash is null ? "" : Convert.ToHexString(SHA256.HashData(_tokenHash))[..16];

    /// <summary>Whether this is the token; takes the same time whatever is wrong with it.</summary>
    public bool IsToken(string? given) => _tokenHash is not null && given is not null && CryptographicOperations.FixedTimeEquals(Hash(given), _tokenHash);

    /// <summary>Whether the header <c>Authorization: Bearer …</c> holds the token.</summary>
    public bool IsAuthorized(string? header) =>
        header is not null && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && IsToken(header["Bearer ".Length..].Trim());

    /// <summary>Whether a request that came in on this address is served at all.</summary>
    public bool ServesAddress(IPAddress? local) => NeedsToken || local is null || IPAddress.IsLoopback(local);

    /// <summary>
    /// Whether a browser may have asked for this host. A name that somebody else's DNS points at this machine is refused: that is how a page
    /// elsewhere would come to be of the same origin. Addresses in numbers cannot be pointed.
    /// </summary>
    public bool ServesHost(HostString host)
    {
        string name = host.Host.TrimEnd('.');
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || _hosts.Contains(name))
            return true;
        return IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? address) && (NeedsToken || IPAddress.IsLoopback(address));
    }

    /// <summary>Whether a request that changes something, or opens a web socket, comes from a page of ours, or from no page at all.</summary>
    /// <param name="request">The request.</param>
    public static bool IsSameOrigin(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            return false;
        string origin = request.Headers[HeaderNames.Origin].ToString();
        if (origin.Length == 0)
            return true;
        // A proxy may have ended TLS, so the schemes need not agree; the authorities must.
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && page.Scheme is "http" or "https" &&
            page.Host.Trim('[', ']').Equals(request.Host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase) &&
            page.Port == (request.Host.Port ?? (page.Scheme == "https" ? 443 : 80));
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
