using System.Diagnostics.CodeAnalysis;

namespace Appliance.Agent.Link;

/// <summary>Where the controller listens: <c>https://host:port</c>, port 8443 when none is given.</summary>
internal sealed record ControllerAddress(string Host, int Port)
{
    private const int DefaultPort = 8443;

    public static bool TryParse(string text, [NotNullWhen(true)] out ControllerAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.PathAndQuery != "/")
            return false;

        address = new ControllerAddress(uri.DnsSafeHost, uri.IsDefaultPort && !text.TrimEnd('/').EndsWith(":443", StringComparison.Ordinal)
            ? DefaultPort
            : uri.Port);
        return true;
    }

    public override string ToString() => $"https://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}
