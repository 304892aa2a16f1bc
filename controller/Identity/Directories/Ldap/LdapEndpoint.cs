using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>Where a directory listens.</summary>
/// <param name="IsTls">TLS from the first byte: <c>ldaps</c>.</param>
internal sealed record LdapEndpoint(string Host, int Port, bool IsTls)
{
    /// <summary>The addresses of <c>[ldap] url</c>, apart by commas or spaces.</summary>
    /// <exception cref="FormatException">One is not <c>ldap://host[:port]</c> or <c>ldaps://host[:port]</c>.</exception>
    public static IReadOnlyList<LdapEndpoint> ParseAll(string urls)
    {
        var endpoints = urls.Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse).ToArray();
        return endpoints.Length > 0 ? endpoints : throw new FormatException("url names no directory");
    }

    public override string ToString() => $"{(IsTls ? "ldaps" : "ldap")}://{Host}:{Port}";

    private static LdapEndpoint Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("ldap" or "ldaps") || url.Host.Length == 0)
            throw new FormatException($"url: '{text}' is not ldap://host[:port] or ldaps://host[:port]");
        var isTls = url.Scheme == "ldaps";
        return new LdapEndpoint(url.DnsSafeHost, url.Port > 0 ? url.Port : isTls ? 636 : 389, isTls);
    }
}

/// <summary>How TLS to a directory is done.</summary>
/// <param name="IsStarted">On a connection that begins without it (<c>use_tls</c>, StartTLS).</param>
/// <param name="IsVerified">The certificate must be good and of that host; else anybody may be on the other side.</param>
/// <param name="Authorities">Who may vouch for it; null: the machine's own authorities.</param>
internal sealed record LdapTls(bool IsStarted, bool IsVerified, X509Certificate2Collection? Authorities)
{
    public SslClientAuthenticationOptions OptionsFor(string host)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = host, CertificateRevocationCheckMode = X509RevocationMode.NoCheck };
        if (!IsVerified)
        {
            // The operator asked for it: tls_req_cert = never or allow.
#pragma warning disable CA5359
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
            return options;
        }

        if (Authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities);
        }

        return options;
    }
}
