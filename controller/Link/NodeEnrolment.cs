using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>Turns a join token and a signing request into a node with a certificate, and renews certificates.</summary>
internal sealed class NodeEnrolment(Database database, SiteCertificates certificates, ChangeLog changes, TimeProvider clock)
{
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private const int MaxHostNameLength = 63;

    /// <summary>See <see cref="EnrolRequest"/>. Faults say what the node's operator has to do.</summary>
    public async Task<Outcome<EnrolResponse>> EnrolAsync(EnrolRequest request, CancellationToken ct)
    {
        if (request.HostName.Length is 0 or > MaxHostNameLength || !request.HostName.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
            return new Fault(FaultKind.Invalid, "The node's name is not a host name; choose another one with --name.");
        if (!TryLoad(request.SigningRequestPem, out var signing))
            return new Fault(FaultKind.Invalid, "The signing request is not one for an ECDSA P-256 key.");

        return await database.TryWriteAsync<EnrolResponse>(async (tx, token) =>
        {
            var now = clock.GetUtcNow();
            var keyHash = Convert.ToHexStringLower(SHA256.HashData(signing.PublicKey.ExportSubjectPublicKeyInfo()));
            var joinToken = await JoinTokens.FindAsync(tx, request.Secret, token);
            if (CheckToken(joinToken, request.HostName, keyHash, now) is { } refused)
                return refused;

            if ((await FindOrMakeNodeAsync(tx, joinToken!, request.HostName, now, token)).Failed(out var taken, out var nodeId))
                return taken;

            await JoinTokens.UseAsync(tx, joinToken!, keyHash, nodeId, token);
            using var certificate = certificates.SignClient(signing, nodeId, now);
            await NodeStore.SetSerialAsync(tx, nodeId, certificate.SerialNumber, previous: null, token);
            await changes.AppendAsync(tx, Actor.System, new Change("link", "node", nodeId, null, "enrol"), token);
            return Answer(nodeId, certificate);
        }, ct);
    }

    /// <summary>The next certificate of a node that has shown <paramref name="serial"/>, which stays good until the next renewal.</summary>
    public async Task<Outcome<EnrolResponse>> RenewAsync(string nodeId, string serial, RenewRequest request, CancellationToken ct)
    {
        if (!TryLoad(request.SigningRequestPem, out var signing))
            return new Fault(FaultKind.Invalid, "The signing request is not one for an ECDSA P-256 key.");

        return await database.TryWriteAsync<EnrolResponse>(async (tx, token) =>
        {
            if ((await NodeStore.FindAsync(tx, nodeId, token))?.Accepts(serial) != true)
                return new Fault(FaultKind.Forbidden, "The node is unknown or was revoked; it needs a new join token.");

            using var certificate = certificates.SignClient(signing, nodeId, clock.GetUtcNow());
            await NodeStore.SetSerialAsync(tx, nodeId, certificate.SerialNumber, previous: serial, token);
            return Answer(nodeId, certificate);
        }, ct);
    }

    /// <summary>Null when the token may be used by this key for this name.</summary>
    private static Fault? CheckToken(JoinTokenRow? token, string hostName, string keyHash, DateTimeOffset now) => token switch
    {
        null => new(FaultKind.Unauthorized, "The join token is unknown here; get a new one with 'appliance-controller join-token'."),
        _ when token.UsedByKey is { } key && key != keyHash => new(FaultKind.Unauthorized,
            "The join token was used already; get a new one with 'appliance-controller join-token'."),
        _ when token.ExpiresAt < now => new(FaultKind.Unauthorized, "The join token has expired; get a new one with 'appliance-controller join-token'."),
        _ when token.NodeName is { } name && name != hostName => new(FaultKind.Forbidden,
            "The join token is for a node of another name; set --name, or get a token for this one."),
        _ => null,
    };

    private static async Task<Outcome<string>> FindOrMakeNodeAsync(
        Session tx, JoinTokenRow token, string hostName, DateTimeOffset now, CancellationToken ct)
    {
        if (token.NodeId is { } joinedBefore)
            return joinedBefore;
        if (await NodeStore.FindByNameAsync(tx, hostName, ct) is { } present)
            return token.NodeName == hostName
                ? present.Id
                : new Fault(FaultKind.Conflict,
                    $"There is a node called {hostName}; choose another --name, or to take its place get a token with 'join-token --node {hostName}'.");

        var id = Guid.NewGuid().ToString();
        await NodeStore.InsertAsync(tx, new NodeRow(id, hostName, "", null, false, false, null, null, null, now), ct);
        return id;
    }

    private EnrolResponse Answer(string nodeId, X509Certificate2 certificate) =>
        new(nodeId, certificate.ExportCertificatePem(), certificates.Authority.ExportCertificatePem());

    private static bool TryLoad(string pem, out CertificateRequest request)
    {
        request = null!;
        try
        {
            // Loading checks the signature: whoever asks has the private key.
            request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256);
            using var key = request.PublicKey.Oid.Value == EcPublicKey ? request.PublicKey.GetECDsaPublicKey() : null;
            return key?.KeySize == 256;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }
}
