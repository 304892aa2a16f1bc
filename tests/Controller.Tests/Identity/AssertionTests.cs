using System.Text.Json.Nodes;
using System.Xml.Linq;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>This site as the identity provider of other clouds, read with the tools that service providers read it with.</summary>
public class AssertionTests
{
    private const string Path = $"{V3}/auth/OS-FEDERATION/saml2";
    private const string Metadata = $"{V3}/OS-FEDERATION/saml2/metadata";
    private static readonly XNamespace Saml = "urn:oasis:names:tc:SAML:2.0:assertion";
    private static readonly XNamespace Protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
    private static readonly XNamespace Signature = "http://www.w3.org/2000/09/xmldsig#";
    private static readonly XNamespace Md = "urn:oasis:names:tc:SAML:2.0:metadata";

    [Fact]
    public async Task An_assertion_names_the_user_and_its_roles_and_groups_and_is_signed()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await ConnectAsync(cloud, user: "Ann & \"Böb\" <ann>");
        var answer = (await AskAsync(cloud, Path, token)).ShouldBe(200);

        Assert.Equal("text/xml", answer.Headers["Content-Type"]);
        Assert.Equal("https://far.example/Shibboleth.sso/SAML2/ECP", answer.Headers["X-sp-url"]);
        Assert.Equal("https://far.example/identity/v3/OS-FEDERATION/identity_providers/near/protocols/saml2/auth", answer.Headers["X-auth-url"]);
        await XmlTools.CheckSchemaAsync(answer.Text);
        var response = XDocument.Parse(answer.Text).Root!;
        var assertion = response.Element(Saml + "Assertion")!;
        Assert.Equal("https://far.example/Shibboleth.sso/SAML2/ECP", response.Attribute("Destination")!.Value);
        Assert.Equal("urn:oasis:names:tc:SAML:2.0:status:Success", response.Element(Protocol + "Status")!.Element(Protocol + "StatusCode")!.Attribute("Value")!.Value);
        Assert.Equal("Ann & \"Böb\" <ann>", assertion.Descendants(Saml + "NameID").Single().Value);
        Assert.Equal("Default", Values(assertion, "openstack_user_domain").Single());
        Assert.Equal(["member", "reader"], Values(assertion, "openstack_roles").Order());
        Assert.Equal(["web"], Values(assertion, "openstack_project"));
        Assert.Equal(["Default"], Values(assertion, "openstack_project_domain"));
        Assert.Equal(["Ann & \"Böb\" <ann>"], Values(assertion, "openstack_user"));
        Assert.Equal(["""JSON:{"name": "bakers", "domain": {"name": "Default"}}"""], Values(assertion, "openstack_groups"));
        var issuer = (await MetadataAsync(cloud)).Attribute("entityID")!.Value;
        Assert.Equal([issuer, issuer], response.Descendants(Saml + "Issuer").Select(static one => one.Value));
        var end = DateTimeOffset.Parse(
            assertion.Descendants(Saml + "SubjectConfirmationData").Single().Attribute("NotOnOrAfter")!.Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(end - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));

        var certificate = await CertificateAsync(cloud);
        Assert.Equal(certificate, assertion.Descendants(Signature + "X509Certificate").Single().Value);
        Assert.True(await XmlTools.IsSignedAsync(answer.Text, certificate));
    }

    [Fact]
    public async Task An_envelope_for_clients_without_a_browser_holds_the_same()
    {
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await AskAsync(cloud, Path + "/ecp", await ConnectAsync(cloud))).ShouldBe(200);
        await XmlTools.CheckSchemaAsync(answer.Text);
        Assert.True(await XmlTools.IsSignedAsync(answer.Text, await CertificateAsync(cloud)));
        XNamespace soap = "http://schemas.xmlsoap.org/soap/envelope/";
        var envelope = XDocument.Parse(answer.Text).Root!;
        Assert.Equal(soap + "Envelope", envelope.Name);
        Assert.Matches("^ss:mem:[0-9a-f]{32}$", envelope.Element(soap + "Header")!.Elements().Single().Value);
        Assert.Equal(Protocol + "Response", envelope.Element(soap + "Body")!.Elements().Single().Name);
    }

    [Fact]
    public async Task Metadata_tell_a_service_provider_what_it_needs_and_stay_over_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            string certificate, name;
            await using (var cloud = await TestCloud.StartAsync(folder))
            {
                var answer = (await cloud.GetAsync(Metadata, "")).ShouldBe(200);
                Assert.Equal("text/xml", answer.Headers["Content-Type"]);
                await XmlTools.CheckSchemaAsync(answer.Text);
                (certificate, name) = (await CertificateAsync(cloud), (await MetadataAsync(cloud)).Attribute("entityID")!.Value);
                Assert.StartsWith("urn:uuid:", name, StringComparison.Ordinal);
            }

            await using var restarted = await TestCloud.StartAsync(folder, static options => options with
            {
                Identity = IdentitySettings.Read(SettingsFile.Read(new StringReader("""
                    [saml]
                    idp_entity_id = https://near.example/idp
                    idp_sso_endpoint = https://near.example/sso
                    idp_organization_name = Bakery
                    idp_organization_display_name = The <Bakery>
                    idp_organization_url = https://bakery.example/
                    idp_contact_company = Bakery
                    idp_contact_name = Ann
                    idp_contact_surname = Baker
                    idp_contact_email = ann@bakery.example
                    idp_contact_telephone = +1 800 555 0100
                    idp_contact_type = technical
                    """), "conf")),
            });
            Assert.Equal(certificate, await CertificateAsync(restarted));
            var told = (await restarted.GetAsync(Metadata, "")).ShouldBe(200).Text;
            await XmlTools.CheckSchemaAsync(told);
            var metadata = XDocument.Parse(told).Root!;
            Assert.Equal("https://near.example/idp", metadata.Attribute("entityID")!.Value);
            Assert.Equal("https://near.example/sso", metadata.Descendants(Md + "SingleSignOnService").Single().Attribute("Location")!.Value);
            Assert.Equal("The <Bakery>", metadata.Descendants(Md + "OrganizationDisplayName").Single().Value);
            Assert.Equal("technical", metadata.Descendants(Md + "ContactPerson").Single().Attribute("contactType")!.Value);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_cannot_be_asserted_is_refused_in_the_services_words()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await ConnectAsync(cloud);
        var user = (string)(await cloud.GetAsync($"{V3}/users?name=ann")).Json["users"]![0]!["id"]!;
        (await AskAsync(cloud, Path, "nonsense")).ShouldBeFault(404, "error", "Could not find token");
        (await AskAsync(cloud, Path, token, "nowhere")).ShouldBeFault(404, "error", "Could not find Service Provider: nowhere.");
        (await AskAsync(cloud, Path, await cloud.TokenOfAsync(user, "secret", JsonValue.Create("unscoped"))))
            .ShouldBeFault(403, "error", "Use a project scoped token when attempting to create a SAML assertion");
        (await cloud.PostAsync(Path, """{"auth": {"identity": {"token": {"id": "x"} } } }""", "")).ShouldBeFault(400, "error", "'scope' is a required property");
        (await cloud.GetAsync(Path)).ShouldBe(405);
        (await cloud.PatchAsync($"{V3}/OS-FEDERATION/service_providers/far", """{"service_provider": {"enabled": false} }""")).ShouldBe(200);
        (await AskAsync(cloud, Path, token)).ShouldBeFault(403, "error", "Service Provider far is disabled");
    }

    [Fact]
    public async Task Markup_injection_by_a_name_stays_a_name()
    {
        const string Name = "x</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"openstack_roles\"><saml:AttributeValue>admin<!--";
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await AskAsync(cloud, Path, await ConnectAsync(cloud, user: Name))).ShouldBe(200);
        var assertion = XDocument.Parse(answer.Text).Root!.Element(Saml + "Assertion")!;
        Assert.Equal([Name], Values(assertion, "openstack_user"));
        Assert.DoesNotContain("admin", Values(assertion, "openstack_roles"));
        Assert.True(await XmlTools.IsSignedAsync(answer.Text, await CertificateAsync(cloud)));
    }

    [Fact]
    public async Task A_name_that_XML_has_no_characters_for_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await AskAsync(cloud, Path, await ConnectAsync(cloud, user: "ann\u0001"))).ShouldBeFault(400, "error", "XML cannot carry");
    }

    [Fact]
    public async Task A_changed_assertion_does_not_hold()
    {
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await AskAsync(cloud, Path, await ConnectAsync(cloud))).ShouldBe(200).Text;
        var certificate = await CertificateAsync(cloud);
        Assert.False(await XmlTools.IsSignedAsync(answer.Replace(">member<", ">admin<", StringComparison.Ordinal), certificate));
        Assert.False(await XmlTools.IsSignedAsync(answer.Replace("SAML2/ECP\"></saml:Sub", "evil\"></saml:Sub", StringComparison.Ordinal), certificate));
    }

    [Fact]
    public async Task Delegation_used_to_be_somebody_elsewhere_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await ConnectAsync(cloud);
        var user = (string)(await cloud.GetAsync($"{V3}/users?name=ann")).Json["users"]![0]!["id"]!;
        var credential = (await cloud.PostAsync($"{V3}/users/{user}/application_credentials", """{"application_credential": {"name": "c"} }""", token))
            .ShouldBe(201).Json["application_credential"]!;
        var delegated = (await cloud.PostAsync($"{V3}/auth/tokens",
            $$$"""
            {"auth": {"identity": {"methods": ["application_credential"],
              "application_credential": {"id": "{{{credential["id"]}}}", "secret": "{{{credential["secret"]}}}"} } } }
            """, "")).ShouldBe(201).Headers["X-Subject-Token"];
        foreach (var path in new[] { Path, Path + "/ecp" })
            (await AskAsync(cloud, path, delegated)).ShouldBeFault(403, "error", "Use a token that was not issued via delegation");
    }

    [Fact]
    public async Task Header_smuggling_by_a_service_providers_address_is_impossible()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await ConnectAsync(cloud, spUrl: "https://far.example/ü?a=1\\r\\nX-Auth-Token: stolen");
        var answer = (await AskAsync(cloud, Path, token)).ShouldBe(200);
        Assert.Equal("https://far.example/%C3%BC?a=1%0D%0AX-Auth-Token:%20stolen", answer.Headers["X-sp-url"]);
        Assert.DoesNotContain("X-Auth-Token", answer.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.True(await XmlTools.IsSignedAsync(answer.Text, await CertificateAsync(cloud)));
    }

    private static IEnumerable<string> Values(XElement assertion, string attribute) =>
        assertion.Descendants(Saml + "Attribute").Single(one => one.Attribute("Name")!.Value == attribute).Elements(Saml + "AttributeValue").Select(static one => one.Value);

    private static async Task<XElement> MetadataAsync(TestCloud cloud) => XDocument.Parse((await cloud.GetAsync(Metadata, "")).ShouldBe(200).Text).Root!;

    private static async Task<string> CertificateAsync(TestCloud cloud) => (await MetadataAsync(cloud)).Descendants(Signature + "X509Certificate").Single().Value;

    private static Task<TestAnswer> AskAsync(TestCloud cloud, string path, string token, string provider = "far") => cloud.PostAsync(path,
        $$$"""{"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{token}}}"} }, "scope": {"service_provider": {"id": "{{{provider}}}"} } } }""", "");

    /// <summary>A service provider, and a token of a member of a project who is in a group.</summary>
    private static async Task<string> ConnectAsync(TestCloud cloud, string user = "ann", string spUrl = "https://far.example/Shibboleth.sso/SAML2/ECP")
    {
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/service_providers/far",
            $$"""
            {"service_provider": {"enabled": true, "sp_url": "{{spUrl}}",
              "auth_url": "https://far.example/identity/v3/OS-FEDERATION/identity_providers/near/protocols/saml2/auth"} }
            """)).ShouldBe(201);
        var project = await cloud.CreateProjectAsync("web");
        var id = await cloud.CreateUserAsync(user);
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "bakers" });
        (await cloud.PutAsync($"{V3}/groups/{group}/users/{id}", "")).ShouldBe(204);
        await cloud.GrantAsync($"projects/{project}/users/{id}", "member");
        return await cloud.TokenOfAsync(id, "secret", OnProject(project));
    }
}
