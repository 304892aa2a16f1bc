using System.Security.Cryptography.X509Certificates;

namespace Appliance.Controller.Identity.Auth.OAuth2;

/// <summary>
/// The names in a certificate as mappings ask for them: <c>SSL_CLIENT_SUBJECT_DN_CN</c>, <c>SSL_CLIENT_ISSUER_DN_O</c>. A name that is there
/// several times has several values, which fit no user's. Source: keystone/api/os_oauth2.py; keystone/common/utils.py; RFC 4514, 3.
/// </summary>
internal static class CertificateNames
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "STREET",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["1.2.840.113549.1.9.1"] = "EMAILADDRESS",
    };

    public static Dictionary<string, IReadOnlyList<string>> Read(X509Certificate2 certificate)
    {
        var values = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        Add(values, "SSL_CLIENT_SUBJECT_DN_", certificate.SubjectName);
        Add(values, "SSL_CLIENT_ISSUER_DN_", certificate.IssuerName);
        return values.ToDictionary(static pair => pair.Key, static pair => (IReadOnlyList<string>)pair.Value, StringComparer.Ordinal);
    }

    private static void Add(Dictionary<string, List<string>> values, string prefix, X500DistinguishedName name)
    {
        foreach (var part in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements || part.GetSingleElementValue() is not { } value)
                continue;
            var type = part.GetSingleElementType().Value!;
            var key = prefix + Names.GetValueOrDefault(type, type);
            if (!values.TryGetValue(key, out var known))
                values.Add(key, known = []);
            known.Add(value);
        }
    }
}
