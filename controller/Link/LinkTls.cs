using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Http;
using Appliance.Protocol.Link;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Appliance.Controller.Link;

/// <summary>
/// TLS of the one port: whoever comes for <see cref="LinkEndpoint.ServerName"/> is asked for a certificate, and what it shows must be signed by the
/// site's CA for client authentication. Showing none is fine: enrolment begins without one. Browsers and API clients are asked only where the
/// operator named authorities of theirs, and may show none too.
/// </summary>
internal static class LinkTls
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <param name="clientAuthorities">Who signs certificates of API clients; null: nobody.</param>
    public static TlsHandshakeCallbackOptions Configure(SiteCertificates certificates, X509Certificate2Collection? clientAuthorities)
    {
        var server = SslStreamCertificateContext.Create(certificates.Server, null, offline: true);
        var api = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = server,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
        var link = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = server,
            EnabledSslProtocols = SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        AskForCertificate(link, [certificates.Authority]);
        if (clientAuthorities is not null)
            AskForCertificate(api, clientAuthorities);
        return new TlsHandshakeCallbackOptions
        {
            OnConnection = context => ValueTask.FromResult(context.ClientHelloInfo.ServerName == LinkEndpoint.ServerName ? link : api),
        };
    }

    // Who is revoked the tables know: those of nodes, and of users and mappings.
    private static void AskForCertificate(SslServerAuthenticationOptions options, X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            ApplicationPolicy = { new(ClientAuthentication) },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        foreach (var authority in authorities)
            (authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData) ? policy.CustomTrustStore : policy.ExtraStore).Add(authority);
        options.AllowTlsResume = false;             // every connection shows its certificate anew
        options.ClientCertificateRequired = true;   // asked for; the callback accepts none
        options.CertificateChainPolicy = policy;
        options.RemoteCertificateValidationCallback = static (_, certificate, _, errors) => certificate is null || errors == SslPolicyErrors.None;
    }
}
