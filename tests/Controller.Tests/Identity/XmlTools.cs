using System.Diagnostics;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What others make of our XML: xmlsec1 of its signature, xmllint of its shape by the schemas of OASIS and W3C.</summary>
internal static class XmlTools
{
    private static readonly (string Namespace, string File)[] Schemas =
    [
        ("http://www.w3.org/XML/1998/namespace", "xmltooling/xml.xsd"),
        ("http://www.w3.org/2000/09/xmldsig#", "xmltooling/xmldsig-core-schema.xsd"),
        ("http://www.w3.org/2001/04/xmlenc#", "xmltooling/xenc-schema.xsd"),
        ("http://schemas.xmlsoap.org/soap/envelope/", "xmltooling/soap-envelope.xsd"),
        ("urn:oasis:names:tc:SAML:2.0:assertion", "opensaml/saml-schema-assertion-2.0.xsd"),
        ("urn:oasis:names:tc:SAML:2.0:protocol", "opensaml/saml-schema-protocol-2.0.xsd"),
        ("urn:oasis:names:tc:SAML:2.0:metadata", "opensaml/saml-schema-metadata-2.0.xsd"),
        ("urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp", "opensaml/saml-schema-ecp-2.0.xsd"),
    ];

    /// <summary>Whether the signature in the text holds with the certificate (DER, base64) and covers the assertion.</summary>
    public static async Task<bool> IsSignedAsync(string xml, string certificate)
    {
        using var folder = new Folder();
        var (document, pem) = (folder.Write("document.xml", xml), folder.Write("certificate.pem", Pem(certificate)));
        return (await RunAsync("xmlsec1", "--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem", pem,
            "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", document)).Status == 0;
    }

    /// <summary>Fails the test where the schemas do not hold.</summary>
    public static async Task CheckSchemaAsync(string xml)
    {
        using var folder = new Folder();
        // Imported by place, each before what builds on it: nothing is fetched.
        var schema = folder.Write("all.xsd", $"""
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
            {string.Concat(Schemas.Select(static one => $"<xs:import namespace=\"{one.Namespace}\" schemaLocation=\"/usr/share/xml/{one.File}\"/>"))}
            </xs:schema>
            """);
        var (status, words) = await RunAsync("xmllint", "--nonet", "--noout", "--schema", schema, folder.Write("document.xml", xml));
        Assert.True(status == 0, words);
    }

    private static string Pem(string certificate) => $"-----BEGIN CERTIFICATE-----\n{string.Join('\n', certificate.Chunk(64).Select(static line => new string(line)))}\n-----END CERTIFICATE-----\n";

    private static async Task<(int Status, string Words)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private sealed class Folder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("appliance-xml-").FullName;

        public string Write(string name, string text)
        {
            var path = Path.Combine(_path, name);
            File.WriteAllText(path, text);
            return path;
        }

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
