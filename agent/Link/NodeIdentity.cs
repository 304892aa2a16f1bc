using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Link;

/// <summary>Who this node is to its controller, as stored in one file that only root can read: half an identity does not exist.</summary>
/// <param name="CaPem">The only authority this node trusts.</param>
internal sealed record NodeIdentity(string NodeId, string CertificatePem, string KeyPem, string CaPem)
{
    /// <summary>With its private key.</summary>
    public X509Certificate2 LoadCertificate() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

    public X509Certificate2 LoadAuthority() => X509Certificate2.CreateFromPem(CaPem);

    /// <summary>Whether more than half of the certificate's life is over, so that a node that was switched off for months still gets in.</summary>
    public bool IsDueForRenewal(DateTimeOffset now)
    {
        using var certificate = LoadCertificate();
        return now - certificate.NotBefore > (certificate.NotAfter - certificate.NotBefore) / 2;
    }
}

/// <summary>The files of an identity in the node's data folder.</summary>
internal sealed class IdentityStore(string folder)
{
    private string IdentityPath => Path.Combine(folder, "node.json");

    // The key of an enrolment that was begun: a repeat with the same key is answered again when the first answer was lost.
    private string PendingKeyPath => Path.Combine(folder, "node.key.pending");

    /// <summary>Null before enrolment.</summary>
    /// <exception cref="InvalidDataException">The file is there and no identity.</exception>
    public NodeIdentity? Find()
    {
        if (!File.Exists(IdentityPath))
            return null;

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(IdentityPath), IdentityJson.Default.NodeIdentity)
                ?? throw new InvalidDataException($"{IdentityPath} is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{IdentityPath} is damaged: delete it and start with a new join token", e);
        }
    }

    /// <summary>Durable when the call returns.</summary>
    public void Save(NodeIdentity identity)
    {
        Write(IdentityPath, JsonSerializer.SerializeToUtf8Bytes(identity, IdentityJson.Default.NodeIdentity));
        File.Delete(PendingKeyPath);
    }

    public string? FindPendingKey() => File.Exists(PendingKeyPath) ? File.ReadAllText(PendingKeyPath) : null;

    public void SavePendingKey(string keyPem) => Write(PendingKeyPath, System.Text.Encoding.ASCII.GetBytes(keyPem));

    private void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var temporary = path + ".new";
        File.Delete(temporary);        // an old one would keep its mode
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        DurableDirectory.Flush(folder);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NodeIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
