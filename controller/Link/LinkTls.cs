using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Http;
using Appliance.Protocol.Link;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Appliance.Controller.Link;

/// <summary>
/// TLS of the one port: browsers and API clients are never asked for a certificate; whoever comes for <see cref="LinkEndpoint.ServerName"/> is, and
/// what it shows must be signed by the site's CA for client authentication. Showing none is fine: enrolment begins without one.
/// </summary>
internal static class LinkTls
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public static TlsHandshakeCallbackOptions Configure(SiteCertificates certificates)
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
            AllowTlsResume = false,             // every connection shows its certificate anew
            ClientCertificateRequired = true,   // asked for; the callback accepts none
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { certificates.Authority },
                ApplicationPolicy = { new(ClientAuthentication) },
                RevocationMode = X509RevocationMode.NoCheck,        // the nodes table knows who is revoked
                DisableCertificateDownloads = true,
            },
            RemoteCertificateValidationCallback = static (_, certificate, _, errors) => certificate is null || errors == SslPolicyErrors.None,
        };
        return new TlsHandshakeCallbackOptions
        {
            OnConnection = context => ValueTask.FromResult(context.ClientHelloInfo.ServerName == LinkEndpoint.ServerName ? link : api),
        };
    }
}
