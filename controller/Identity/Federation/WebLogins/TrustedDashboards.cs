using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// The places that a web login may send a token to: those an administrator listed, letter for letter but for the case of their host's name.
/// Source: keystone/api/auth.py, _get_sso_origin_host.
/// </summary>
internal sealed class TrustedDashboards(IReadOnlyList<string> listed)
{
    private readonly HashSet<string> _trusted = [.. listed.Select(LowerHost)];

    /// <summary>Where the login begun by a request with <c>origin</c> is to end.</summary>
    /// <returns>400 without one; 401 for one that is not listed.</returns>
    public Outcome<string> Read(ApiRequest request)
    {
        if (request.QueryValue("origin") is not { Length: > 0 } origin)
            return IdentityFaults.Invalid("Request must have an origin query parameter");
        var host = Uri.UnescapeDataString(origin.Replace('+', ' '));
        return IsTrusted(host) ? host : new Fault(FaultKind.Unauthorized, $"{host} is not a trusted dashboard host");
    }

    public bool IsTrusted(string host) => _trusted.Contains(host);

    private static string LowerHost(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        if (start < 3)
            return url;
        var end = url.AsSpan(start).IndexOfAny('/', '?', '#');
        return end < 0
            ? url[..start] + url[start..].ToLowerInvariant()
            : url[..start] + url.Substring(start, end).ToLowerInvariant() + url[(start + end)..];
    }
}
