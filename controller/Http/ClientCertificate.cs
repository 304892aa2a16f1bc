using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Appliance.Protocol.Link;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Appliance.Controller.Http;

/// <summary>
/// The certificate that an API client showed in the handshake of its connection, which verified it against the operator's authorities. Never
/// taken from a header: what a client writes proves nothing.
/// </summary>
internal static class ClientCertificate
{
    /// <summary>Null: none was shown, or a node's, which is for the link alone.</summary>
    public static X509Certificate2? Of(HttpContext http) =>
        http.Features.Get<ITlsHandshakeFeature>()?.HostName == LinkEndpoint.ServerName ? null : http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;

    /// <summary>
    /// What Keystone calls <c>x5t#S256</c>: padded base64url of the SHA-256 of the certificate's PEM text, which is not RFC 8705's (that takes
    /// DER), and what the middleware of other services compares. Source: keystone/common/utils.py, get_certificate_thumbprint.
    /// </summary>
    public static string Thumbprint(X509Certificate2 certificate) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"))) + "=";

    /// <summary>Whether the connection is that of the certificate with this thumbprint.</summary>
    public static bool IsShown(HttpContext http, string thumbprint) => Of(http) is { } certificate
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Thumbprint(certificate)), Encoding.ASCII.GetBytes(thumbprint));
}
