using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>OAuth 2.0 by mutual TLS, over real TLS with certificates of an authority of the test's own.</summary>
public sealed class CertificateTokenTests : IDisposable
{
    private const string Rules = """
        [{"local": [{"user": {"name": "{0}", "domain": {"name": "{1}"} } }],
          "remote": [{"type": "SSL_CLIENT_SUBJECT_DN_CN"}, {"type": "SSL_CLIENT_SUBJECT_DN_O"},
                     {"type": "SSL_CLIENT_ISSUER_DN_CN", "any_one_of": ["Clients CA"]}]}]
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
    private readonly X509Certificate2 _authority = MakeAuthority("Clients CA");

    [Fact]
    public async Task A_token_is_good_on_connections_of_its_certificate_only()
    {
        await using var cloud = await StartAsync();
        var (user, project) = await MakeUserAsync(cloud);
        using var own = Sign(_authority, "CN=ann, O=Default");
        using var other = Sign(_authority, "CN=ann, O=Default");
        using (var http = Connect(cloud, own))
        {
            var token = await GetAsync(http, user);
            var document = await ShowAsync(cloud, token);
            Assert.Equal(Thumbprint(own), (string?)document["oauth2_credential"]!["x5t#S256"]);
            Assert.Equal((project, user), ((string?)document["project"]!["id"], (string?)document["user"]!["id"]));
            Assert.Equal(["oauth2_credential"], document["methods"]!.AsArray().Select(static method => (string?)method));
            Assert.InRange(token.Length, 1, 255);

            Assert.Equal(200, await UseAsync(http, token, asBearer: true));
            Assert.Equal(200, await UseAsync(http, token, asBearer: false));
            using var stranger = Connect(cloud, other);
            using var nobody = Connect(cloud, null);
            foreach (var wrong in new[] { stranger, nobody, cloud.Http })
            {
                Assert.Equal(401, await UseAsync(wrong, token, asBearer: true));
                Assert.Equal(401, await UseAsync(wrong, token, asBearer: false));
                Assert.Equal(401, (await RescopeAsync(wrong, token)).Status);
            }

            var rescoped = (await RescopeAsync(http, token)).ShouldBe(201).Headers["X-Subject-Token"];
            Assert.Equal(200, await UseAsync(http, rescoped, asBearer: true));
            Assert.Equal(401, await UseAsync(nobody, rescoped, asBearer: true));
        }
    }

    [Theory]
    [InlineData("CN=eve, O=Default")]
    [InlineData("CN=ann, O=Other")]
    [InlineData("O=Default")]
    [InlineData("CN=ann, CN=ann, O=Default")]
    public async Task A_certificate_of_somebody_else_is_refused(string subject)
    {
        await using var cloud = await StartAsync();
        var (user, _) = await MakeUserAsync(cloud);
        using var certificate = Sign(_authority, subject);
        using var http = Connect(cloud, certificate);
        var refused = await AskAsync(http, user);
        Assert.Equal((401, "invalid_client"), (refused.Status, (string?)refused.Json["error"]));
    }

    [Theory]
    [InlineData("no mapping")]
    [InlineData("a mapping that says nothing")]
    [InlineData("no default project")]
    [InlineData("no role")]
    [InlineData("a disabled user")]
    [InlineData("no such user")]
    [InlineData("the method is off")]
    public async Task What_else_is_missing_is_refused(string what)
    {
        await using var cloud = await StartAsync(what == "the method is off" ? "oauth2_authn_methods = client_secret_basic" : "");
        var (user, project) = await MakeUserAsync(cloud);
        Assert.InRange((what switch
        {
            "no mapping" => await cloud.DeleteAsync($"{V3}/OS-FEDERATION/mappings/oauth2_mapping"),
            "a mapping that says nothing" => await cloud.PatchAsync($"{V3}/OS-FEDERATION/mappings/oauth2_mapping", """
                {"mapping": {"rules": [{"local": [{"user": {"email": ""} }], "remote": [{"type": "SSL_CLIENT_SUBJECT_DN_CN"}]}]} }
                """),
            "no default project" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"default_project_id": null} }"""),
            "no role" => await cloud.DeleteAsync($"{V3}/projects/{project}/users/{user}/roles/{await cloud.RoleIdAsync("member")}"),
            "a disabled user" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": false} }"""),
            _ => await cloud.GetAsync(V3),
        }).Status, 200, 204);
        using var certificate = Sign(_authority, "CN=ann, O=Default");
        using var http = Connect(cloud, certificate);
        Assert.Equal(401, (await AskAsync(http, what == "no such user" ? "0123" : user)).Status);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_does_not_get_through_the_handshake()
    {
        await using var cloud = await StartAsync();
        var (user, _) = await MakeUserAsync(cloud);
        using var other = MakeAuthority("Clients CA");
        using var certificate = Sign(other, "CN=ann, O=Default");
        using var http = Connect(cloud, certificate);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => AskAsync(http, user));
    }

    // Who signs for API clients says nothing of nodes.
    [Fact]
    public async Task A_certificate_of_an_API_client_is_no_nodes()
    {
        await using var cloud = await StartAsync();
        using var certificate = Sign(_authority, "CN=0123456789abcdef0123456789abcdef");
        using var http = Connect(cloud, certificate);
        using var response = await http.GetAsync("/link", TestContext.Current.CancellationToken);
        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public async Task Headers_of_a_proxy_show_no_certificate()
    {
        await using var cloud = await StartAsync();
        var (user, _) = await MakeUserAsync(cloud);
        using var certificate = Sign(_authority, "CN=ann, O=Default");
        using var http = Connect(cloud, null);
        foreach (var name in new[] { "SSL_CLIENT_CERT", "X-SSL-Client-Cert", "X-Client-Cert", "X-ARR-ClientCert" })
            http.DefaultRequestHeaders.TryAddWithoutValidation(name, Convert.ToBase64String(certificate.RawData));
        Assert.Equal(401, (await AskAsync(http, user)).Status);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<TestCloud> StartAsync(string settings = "")
    {
        var file = Path.Combine(_folder, "clients.pem");
        await File.WriteAllTextAsync(file, _authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        return await TestCloud.StartAsync(configure: options => options with
        {
            ClientAuthoritiesFile = file,
            Identity = IdentitySettings.Read(SettingsFile.Read(new StringReader($"[oauth2]\n{settings}\n"), "test")),
        });
    }

    private static async Task<(string User, string Project)> MakeUserAsync(TestCloud cloud)
    {
        var project = await cloud.CreateProjectAsync("web");
        var user = await cloud.CreateAsync("users", "user", new() { ["name"] = "ann", ["default_project_id"] = project });
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/mappings/oauth2_mapping", $$"""{"mapping": {"rules": {{Rules}}} }""")).ShouldBe(201);
        return (user, project);
    }

    private static HttpClient Connect(TestCloud cloud, X509Certificate2? certificate) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { cloud.Host.Certificates.Authority },
                RevocationMode = X509RevocationMode.NoCheck,
            },
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
        },
    })
    { BaseAddress = new Uri(cloud.Host.Addresses.First(static url => url.StartsWith("https://", StringComparison.Ordinal))) };

    private static async Task<TestAnswer> AskAsync(HttpClient http, string user)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = user });
        using var response = await http.PostAsync($"{V3}/OS-OAUTH2/token", form, TestContext.Current.CancellationToken);
        return await TestAnswer.ReadAsync(response);
    }

    private static async Task<string> GetAsync(HttpClient http, string user) => (string)(await AskAsync(http, user)).ShouldBe(200).Json["access_token"]!;

    private static async Task<int> UseAsync(HttpClient http, string token, bool asBearer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/compute/v2.1/flavors");
        if (asBearer)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        else
            request.Headers.Add("X-Auth-Token", token);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    private static async Task<TestAnswer> RescopeAsync(HttpClient http, string token)
    {
        using var body = new StringContent(
            $$$"""{"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{token}}}"} } } }""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync($"{V3}/auth/tokens", body, TestContext.Current.CancellationToken);
        return await TestAnswer.ReadAsync(response);
    }

    private static async Task<JsonNode> ShowAsync(TestCloud cloud, string token) =>
        (await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", token))).ShouldBe(200).Json["token"]!;

    // As keystonemiddleware makes it: ssl.DER_cert_to_PEM_cert, SHA-256, urlsafe_b64encode.
    private static string Thumbprint(X509Certificate2 certificate)
    {
        var text = Convert.ToBase64String(certificate.RawData);
        var lines = text.Chunk(64).Select(static line => new string(line));
        var pem = string.Join('\n', lines.Prepend("-----BEGIN CERTIFICATE-----").Append("-----END CERTIFICATE-----\n"));
        return Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(pem))).Replace('+', '-').Replace('/', '_');
    }

    private static X509Certificate2 MakeAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 Sign(X509Certificate2 authority, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var signed = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
