namespace Appliance.Controller.Identity;

/// <summary>Scheme and host as clients are to see them, without a trailing slash: what the operator says, or what a request came by.</summary>
/// <param name="given">Null: as each request came.</param>
internal sealed class PublicAddress(string? given)
{
    private sealed record Seen(string Scheme, string Host, string Url);

    // Nearly all requests come by the same name: the last text serves again.
    private Seen? _last;

    public string Of(HttpRequest request)
    {
        if (given is not null)
            return given;
        var (scheme, host) = (request.Scheme, request.Host.Value ?? "");
        if (Volatile.Read(ref _last) is { } last && last.Scheme == scheme && last.Host == host)
            return last.Url;
        var seen = new Seen(scheme, host, $"{scheme}://{host}");
        Volatile.Write(ref _last, seen);
        return seen.Url;
    }
}
