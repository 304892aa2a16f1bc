using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Identity.Federation.Assertions.CanonicalXml;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>What a service provider must know of this site. Source: SAML 2.0 Metadata; keystone/federation/idp.py, MetadataGenerator.</summary>
internal static class SamlMetadata
{
    private const string Namespaces =
        "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";

    /// <param name="ssoEndpoint">Where assertions are made.</param>
    public static string Write(SamlSigner signer, SamlSettings settings, string ssoEndpoint) => Element(
        $"md:EntityDescriptor {Namespaces} entityID=\"{Attribute(signer.EntityId)}\"",
        Element("md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
            Element("md:KeyDescriptor use=\"signing\"", Element("ds:KeyInfo", Element("ds:X509Data",
                Element("ds:X509Certificate", Convert.ToBase64String(signer.Certificate))))),
            WriteOrganization(settings),
            WriteContact(settings),
            Element("md:NameIDFormat", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
            Element($"md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:URI\" Location=\"{Attribute(ssoEndpoint)}\"")));

    // Whole or not at all, as upstream.
    private static string WriteOrganization(SamlSettings settings)
    {
        if (settings is not { IdpOrganizationName: { } name, IdpOrganizationDisplayName: { } display, IdpOrganizationUrl: { } url })
            return "";
        var lang = $"xml:lang=\"{Attribute(settings.IdpLang)}\"";
        return Element("md:Organization",
            Element($"md:OrganizationName {lang}", Text(name)), Element($"md:OrganizationDisplayName {lang}", Text(display)),
            Element($"md:OrganizationURL {lang}", Text(url)));
    }

    private static string WriteContact(SamlSettings settings) => settings is
    {
        IdpContactCompany: { } company, IdpContactName: { } name, IdpContactSurname: { } surname, IdpContactEmail: { } mail, IdpContactTelephone: { } phone,
    }
        ? Element($"md:ContactPerson contactType=\"{settings.IdpContactType}\"",
            Element("md:Company", Text(company)), Element("md:GivenName", Text(name)), Element("md:SurName", Text(surname)),
            Element("md:EmailAddress", Text(mail)), Element("md:TelephoneNumber", Text(phone)))
        : "";
}
