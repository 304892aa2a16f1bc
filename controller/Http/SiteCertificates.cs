using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Controller.Http;

/// <summary>
/// The site's own certificate authority, made at first start under <c>{data}/pki</c>: the CA's key and certificate, and the server
/// certificate it signs for the names the controller is reached by. Node certificates are signed here too.
/// </summary>
internal sealed class SiteCertificates : IDisposable
{
    private static readonly TimeSpan CaLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(397);
    // Clients with a slow clock must accept a certificate made a moment ago.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    private SiteCertificates(X509Certificate2 authority, X509Certificate2 server, string authorityPemPath)
    {
        Authority = authority;
        Server = server;
        AuthorityPemPath = authorityPemPath;
    }

    /// <summary>With its private key.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>With its private key.</summary>
    public X509Certificate2 Server { get; }

    /// <summary>What clients set as <c>cacert</c>.</summary>
    public string AuthorityPemPath { get; }

    /// <summary>Hex SHA-256 of the CA certificate, as join tokens carry it.</summary>
    public string AuthorityFingerprint => Convert.ToHexStringLower(SHA256.HashData(Authority.RawData));

    /// <summary>Loads or makes the authority, and makes a server certificate for <paramref name="names"/> (host names and addresses).</summary>
    public static SiteCertificates LoadOrCreate(string dataFolder, IReadOnlyList<string> names, TimeProvider clock)
    {
        var folder = Path.Combine(dataFolder, "pki");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var (certificatePath, keyPath) = (Path.Combine(folder, "ca.pem"), Path.Combine(folder, "ca.key"));
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
            CreateAuthority(certificatePath, keyPath, clock.GetUtcNow());

        var authority = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var server = SignServer(authority, serverKey, names, clock.GetUtcNow());
        return new SiteCertificates(authority, server.CopyWithPrivateKey(serverKey), certificatePath);
    }

    /// <summary>Signs a certificate for client authentication with subject <c>CN={commonName}</c>; the request's own subject is ignored.</summary>
    public X509Certificate2 SignClient(CertificateRequest request, string commonName, DateTimeOffset now)
    {
        var clean = new CertificateRequest(new X500DistinguishedName($"CN={commonName}"), request.PublicKey, HashAlgorithmName.SHA256);
        clean.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        clean.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        clean.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        return clean.Create(Authority, now - ClockSkew, Min(now + LeafLifetime, Authority.NotAfter), NewSerial());
    }

    public void Dispose()
    {
        Authority.Dispose();
        Server.Dispose();
    }

    private static void CreateAuthority(string certificatePath, string keyPath, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var request = new CertificateRequest($"CN=Appliance site CA {id}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - ClockSkew, now + CaLifetime);

        // The key first: a certificate without its key would be loaded by nobody, a key without certificate is replaced.
        WriteWhole(keyPath, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WriteWhole(certificatePath, certificate.ExportCertificatePem() + "\n",
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    private static X509Certificate2 SignServer(X509Certificate2 authority, ECDsa key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=Appliance controller", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        return request.Create(authority, now - ClockSkew, Min(now + LeafLifetime, authority.NotAfter), NewSerial());
    }

    private static void WriteWhole(string path, string text, UnixFileMode mode)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        }))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private static byte[] NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F;
        serial[0] |= 0x01;
        return serial;
    }
}
