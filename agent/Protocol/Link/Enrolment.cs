namespace Appliance.Protocol.Link;

/// <summary>
/// <c>POST /link/enrol</c>: a node asks for its certificate. The token is <c>{secret}.{hex SHA-256 of the site CA's DER certificate}</c>: the
/// agent trusts the server only if its chain ends in that CA, so the secret goes to nobody else. The secret can be used once.
/// </summary>
/// <param name="Secret">The part of the join token before the dot.</param>
/// <param name="SigningRequestPem">PKCS#10, ECDSA P-256; its subject is ignored.</param>
public sealed record EnrolRequest(string Secret, string NodeId, string HostName, string SigningRequestPem);

/// <param name="CertificatePem">For client authentication, subject <c>CN={node id}</c>.</param>
/// <param name="CaPem">The site's CA.</param>
public sealed record EnrolResponse(string CertificatePem, string CaPem);

/// <summary>How the link is reached on the controller's one HTTPS port.</summary>
public static class LinkEndpoint
{
    /// <summary><c>GET</c> with <c>Connection: Upgrade</c> and <c>Upgrade: appliance-link</c>; after the 101 the TLS stream carries the multiplexer.</summary>
    public const string Path = "/link";
    public const string EnrolPath = "/link/enrol";
    public const string UpgradeProtocol = "appliance-link";
    /// <summary>Server name (SNI) an agent asks for: only under this name does the server request a client certificate.</summary>
    public const string ServerName = "link.appliance.internal";
}
