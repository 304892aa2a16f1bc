namespace Appliance.Protocol.Link;

/// <summary>
/// <c>POST /link/enrol</c>: a node asks for its certificate. A join token is <c>{secret}.{hex SHA-256 of the site CA's DER certificate}</c>.
/// The agent first reads the CA without trusting anybody (<c>GET /link/ca</c>), compares its hash with the token's, and then sends the secret
/// only over a connection whose certificate that CA has signed for <see cref="LinkEndpoint.ServerName"/>.
/// </summary>
/// <param name="Secret">
/// The part of the join token before the dot. It works once; repeating a request with the same key (the answer was lost) gives the same node.
/// </param>
/// <param name="HostName">What the node shall be called; unique in the site.</param>
/// <param name="SigningRequestPem">PKCS#10, ECDSA P-256; its subject is ignored.</param>
public sealed record EnrolRequest(string Secret, string HostName, string SigningRequestPem);

/// <param name="NodeId">The node's id from now on.</param>
/// <param name="CertificatePem">For client authentication, subject <c>CN={node id}</c>.</param>
/// <param name="CaPem">The site's CA.</param>
public sealed record EnrolResponse(string NodeId, string CertificatePem, string CaPem);

/// <summary><c>POST /link/renew</c>, with the node's present certificate: asks for the next one, answered with an <see cref="EnrolResponse"/>.</summary>
public sealed record RenewRequest(string SigningRequestPem);

/// <summary>Why a request of this file was refused (status 400, 401, 403 or 409).</summary>
/// <param name="Error">For the operator of the node: cause and next step.</param>
public sealed record EnrolRefusal(string Error);

/// <summary>How the link is reached on the controller's one HTTPS port.</summary>
public static class LinkEndpoint
{
    /// <summary><c>GET</c> with <c>Connection: Upgrade</c> and <c>Upgrade: appliance-link</c>; after the 101 the TLS stream carries the multiplexer.</summary>
    public const string Path = "/link";
    /// <summary>The site's CA as PEM, for anybody.</summary>
    public const string CaPath = "/link/ca";
    public const string EnrolPath = "/link/enrol";
    public const string RenewPath = "/link/renew";
    public const string UpgradeProtocol = "appliance-link";
    /// <summary>Server name (SNI) an agent asks for: only under this name does the server request a client certificate.</summary>
    public const string ServerName = "link.appliance.internal";
}
