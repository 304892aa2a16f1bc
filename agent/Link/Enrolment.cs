using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Link;

/// <summary>
/// Gets a node its identity: the key is made here and never leaves, the controller's CA is compared with the join token before the token's
/// secret is sent anywhere. See <see cref="EnrolRequest"/>.
/// </summary>
internal sealed class Enrolment(ControllerAddress controller, IdentityStore store)
{
    /// <exception cref="IOException">The controller cannot be reached: try again later.</exception>
    /// <exception cref="EnrolmentRefusedException">It will not work with this token; the message says what to do.</exception>
    public async Task<NodeIdentity> JoinAsync(JoinToken token, string hostName, CancellationToken ct)
    {
        using var authority = await ReadAuthorityAsync(token, ct);
        using var key = LoadOrCreatePendingKey();
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new EnrolRequest(token.Secret, hostName, MakeRequest(key)), ProtocolJson.Default.EnrolRequest);
        var identity = await AskAsync(LinkEndpoint.EnrolPath, body, authority, null, key, ct);
        using var claimed = identity.LoadAuthority();
        if (!token.Matches(claimed))
            throw new EnrolmentRefusedException("the controller answered with another CA than the join token names; ask for a new join token");

        store.Save(identity);
        return identity;
    }

    /// <summary>Replaces the certificate and its key before they expire; the node's id stays.</summary>
    /// <exception cref="IOException">The controller cannot be reached: try again later.</exception>
    /// <exception cref="EnrolmentRefusedException">The node is no longer welcome.</exception>
    public async Task<NodeIdentity> RenewAsync(NodeIdentity current, CancellationToken ct)
    {
        using var authority = current.LoadAuthority();
        using var certificate = current.LoadCertificate();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var body = JsonSerializer.SerializeToUtf8Bytes(new RenewRequest(MakeRequest(key)), ProtocolJson.Default.RenewRequest);
        var identity = await AskAsync(LinkEndpoint.RenewPath, body, authority, certificate, key, ct);
        store.Save(identity);
        return identity;
    }

    private async Task<X509Certificate2> ReadAuthorityAsync(JoinToken token, CancellationToken ct)
    {
        await using var connection = await TlsDialer.DialAnybodyAsync(controller, ct);
        var answer = await HttpExchange.SendAsync(connection, "GET", LinkEndpoint.CaPath, null, ct);
        if (!answer.IsSuccess)
            throw new IOException($"{controller}{LinkEndpoint.CaPath}: {answer.Reason}");

        try
        {
            var authority = X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(answer.Body));
            if (token.Matches(authority))
                return authority;
            authority.Dispose();
        }
        catch (CryptographicException)
        {
            // Refused below: what answered is not a controller of this site.
        }

        throw new EnrolmentRefusedException(
            $"{controller} is not the controller this join token is for (its CA differs); check --controller, or ask that controller for a token");
    }

    private async Task<NodeIdentity> AskAsync(
        string path, byte[] body, X509Certificate2 authority, X509Certificate2? identity, ECDsa key, CancellationToken ct)
    {
        await using var connection = await TlsDialer.DialAsync(controller, authority, identity, ct);
        var answer = await HttpExchange.SendAsync(connection, "POST", path, body, ct);
        if (answer.Status >= 500)
            throw new IOException($"{controller}{path}: {answer.Reason}");
        if (!answer.IsSuccess)
            throw new EnrolmentRefusedException(answer.Reason);
        if (answer.Read(ProtocolJson.Default.EnrolResponse) is not { NodeId: not null, CertificatePem: not null, CaPem: not null } response)
            throw new IOException($"{controller}{path}: the answer is not an identity");

        return new NodeIdentity(response.NodeId, response.CertificatePem, key.ExportPkcs8PrivateKeyPem(), response.CaPem);
    }

    private ECDsa LoadOrCreatePendingKey()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (store.FindPendingKey() is { } pending)
            key.ImportFromPem(pending);
        else
            store.SavePendingKey(key.ExportPkcs8PrivateKeyPem());
        return key;
    }

    private static string MakeRequest(ECDsa key) =>
        new CertificateRequest("CN=appliance node", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
}

/// <summary>The controller refused; the message is for the node's operator and says the next step.</summary>
internal sealed class EnrolmentRefusedException(string message) : Exception(message);
