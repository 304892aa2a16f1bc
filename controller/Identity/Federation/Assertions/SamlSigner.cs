using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using static Appliance.Controller.Identity.Federation.Assertions.CanonicalXml;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// The name and key that assertions of this site are signed with. Signatures are enveloped ones of RSA and SHA-256; Keystone's own are of
/// SHA-1, which service providers refuse by now. Source: XML Signature 1.1; SAML 2.0 Core, 5.4.
/// </summary>
/// <param name="Certificate">DER.</param>
/// <param name="Key">PKCS#8.</param>
internal sealed record SamlSigner(string EntityId, byte[] Certificate, byte[] Key)
{
    private const string Exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    private const string SignatureNamespace = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";

    /// <summary>A certificate of its own for a new key: service providers look at the key only.</summary>
    public static SamlSigner Create(DateTimeOffset now)
    {
        using var key = RSA.Create(3072);
        var id = Guid.NewGuid();
        var request = new CertificateRequest($"CN=SAML signing {id}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        return new SamlSigner($"urn:uuid:{id}", certificate.RawData, key.ExportPkcs8PrivateKey());
    }

    /// <summary>The <c>Signature</c> that goes into an element whose text without it is <paramref name="signed"/>, in canonical form.</summary>
    /// <param name="id">The element's <c>ID</c>.</param>
    /// <param name="prefixes">Prefixes that stand only in values, apart by spaces.</param>
    public string Sign(string signed, string id, string prefixes)
    {
        var digest = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(signed)));
        var reference = Element($"ds:Reference URI=\"#{Attribute(id)}\"",
            Element("ds:Transforms",
                Element("ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\""),
                Element($"ds:Transform Algorithm=\"{Exclusive}\"", Element($"ec:InclusiveNamespaces xmlns:ec=\"{Exclusive}\" PrefixList=\"{prefixes}\""))),
            Element("ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\""), Element("ds:DigestValue", digest));
        var method = Element($"ds:CanonicalizationMethod Algorithm=\"{Exclusive}\"")
            + Element("ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"");

        // Signed by itself, the element must declare the prefix that it inherits in its place.
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Key, out _);
        var value = rsa.SignData(
            Encoding.UTF8.GetBytes(Element($"ds:SignedInfo {SignatureNamespace}", method, reference)), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return Element($"ds:Signature {SignatureNamespace}",
            Element("ds:SignedInfo", method, reference), Element("ds:SignatureValue", Convert.ToBase64String(value)), KeyInfo());
    }

    private string KeyInfo() =>
        Element("ds:KeyInfo", Element("ds:X509Data", Element("ds:X509Certificate", Convert.ToBase64String(Certificate))));

    // A record prints its members: the key must not reach a log that way.
    public override string ToString() => $"signer of {EntityId}";
}
