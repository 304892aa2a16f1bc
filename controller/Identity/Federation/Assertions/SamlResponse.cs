using static Appliance.Controller.Identity.Federation.Assertions.CanonicalXml;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// A SAML response with one signed assertion, shaped as Keystone's. Source: SAML 2.0 Core; keystone/federation/idp.py, SAMLGenerator.
/// </summary>
internal sealed class SamlResponse(SamlSigner signer, TimeProvider clock, TimeSpan lifetime)
{
    private const string Saml = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
    private const string Protocol = "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"";
    private const string SchemaTypes = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"";
    private const string SchemaInstance = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    private const string EntityFormat = "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\"";

    /// <param name="recipient">Where the service provider takes assertions: <c>sp_url</c>.</param>
    public string Write(SamlSubject subject, string recipient)
    {
        var now = clock.GetUtcNow();
        var assertion = WriteAssertion(subject, recipient, now);
        return Element(
            $"samlp:Response {Protocol} Destination=\"{Attribute(recipient)}\" ID=\"{NewId()}\" IssueInstant=\"{Http.Timestamps.Seconds(now)}\" Version=\"2.0\"",
            Element($"saml:Issuer {Saml} {EntityFormat}", Text(signer.EntityId)),
            Element("samlp:Status", Element("samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"")),
            assertion);
    }

    private string WriteAssertion(SamlSubject subject, string recipient, DateTimeOffset now)
    {
        var (id, end) = (NewId(), Http.Timestamps.Micros(now + lifetime));
        var tag = $"saml:Assertion {Saml} {SchemaTypes} ID=\"{id}\" IssueInstant=\"{Http.Timestamps.Seconds(now)}\" Version=\"2.0\"";
        var issuer = Element($"saml:Issuer {EntityFormat}", Text(signer.EntityId));
        var statements = WriteSubject(subject.User, recipient, end) + WriteLogin(now, end) + WriteAttributes(subject);
        return Element(tag, issuer, signer.Sign(Element(tag, issuer, statements), id, "xs"), statements);
    }

    private static string WriteSubject(string user, string recipient, string end) => Element("saml:Subject",
        Element("saml:NameID", Text(user)),
        Element("saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"",
            Element($"saml:SubjectConfirmationData NotOnOrAfter=\"{end}\" Recipient=\"{Attribute(recipient)}\"")));

    private string WriteLogin(DateTimeOffset now, string end) => Element(
        $"saml:AuthnStatement AuthnInstant=\"{Http.Timestamps.Seconds(now)}\" SessionIndex=\"{NewId()}\" SessionNotOnOrAfter=\"{end}\"",
        Element("saml:AuthnContext",
            Element("saml:AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"),
            Element("saml:AuthenticatingAuthority", Text(signer.EntityId))));

    private static string WriteAttributes(SamlSubject subject) => Element("saml:AttributeStatement",
        WriteAttribute("openstack_user", [subject.User]),
        WriteAttribute("openstack_roles", subject.Roles),
        WriteAttribute("openstack_project", [subject.Project]),
        WriteAttribute("openstack_project_domain", [subject.ProjectDomain]),
        WriteAttribute("openstack_user_domain", [subject.UserDomain]),
        subject.Groups.Count > 0 ? WriteAttribute("openstack_groups", subject.Groups) : "");

    private static string WriteAttribute(string name, IReadOnlyList<string> values) => Element($"saml:Attribute Name=\"{name}\"",
        [.. values.Select(static value => Element($"saml:AttributeValue {SchemaInstance} xsi:type=\"xs:string\"", Text(value)))]);

    // An ID begins with a letter. XML Schema Part 2, 3.3.8.
    private static string NewId() => $"id{Guid.NewGuid():N}";
}
