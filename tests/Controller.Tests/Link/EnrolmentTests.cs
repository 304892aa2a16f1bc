using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Appliance.Agent.Link;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Tests.Link;

public sealed class EnrolmentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-enrol-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_machine_with_a_token_becomes_a_node_and_keeps_its_identity_in_a_file_of_its_own()
    {
        await using var cloud = await TestCloud.StartAsync();
        var identity = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud));
        Assert.Equal(identity, new IdentityStore(_folder).Find());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "node.json")));
        Assert.Equal(["node.json"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName));
        var node = Assert.Single(cloud.Host.Services.Link.Nodes.All);
        Assert.Equal((identity.NodeId, "n1", false), (node.Id, node.HostName, node.IsUp));
    }

    [Fact]
    public async Task An_unknown_token_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = new JoinToken("no-such-secret", cloud.Host.Certificates.AuthorityFingerprint);
        var refused = await Assert.ThrowsAsync<EnrolmentRefusedException>(() => JoinAsync(cloud, token));
        Assert.Contains("unknown", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_token_is_refused_to_another_machine_and_repeated_for_the_same_key()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await TestNode.MakeTokenAsync(cloud);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportPkcs8PrivateKeyPem();
        new IdentityStore(_folder).SavePendingKey(key);
        var first = await JoinAsync(cloud, token);

        // The answer was lost before it was stored: only the pending key is there.
        File.Delete(Path.Combine(_folder, "node.json"));
        new IdentityStore(_folder).SavePendingKey(key);
        Assert.Equal(first.NodeId, (await JoinAsync(cloud, token)).NodeId);

        File.Delete(Path.Combine(_folder, "node.json"));
        var refused = await Assert.ThrowsAsync<EnrolmentRefusedException>(() => JoinAsync(cloud, token));
        Assert.Contains("used already", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await TestNode.MakeTokenAsync(cloud, lifetime: TimeSpan.FromSeconds(-1));
        var refused = await Assert.ThrowsAsync<EnrolmentRefusedException>(() => JoinAsync(cloud, token));
        Assert.Contains("expired", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_taken_once_and_only_a_token_for_that_name_takes_its_place()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud));
        File.Delete(Path.Combine(_folder, "node.json"));
        var refused = await Assert.ThrowsAsync<EnrolmentRefusedException>(async () => await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud)));
        Assert.Contains("--node n1", refused.Message, StringComparison.Ordinal);

        var second = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud, nodeName: "n1"));
        Assert.Equal(first.NodeId, second.NodeId);
        Assert.False(await IsWelcomeAsync(cloud, first));
        Assert.True(await IsWelcomeAsync(cloud, second));
    }

    [Fact]
    public async Task A_controller_of_another_site_is_recognized_before_it_hears_the_secret()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await TestNode.MakeTokenAsync(cloud) with { AuthorityFingerprint = new string('0', 64) };
        var refused = await Assert.ThrowsAsync<EnrolmentRefusedException>(() => JoinAsync(cloud, token));
        Assert.Contains("CA differs", refused.Message, StringComparison.Ordinal);
        await JoinAsync(cloud, token with { AuthorityFingerprint = cloud.Host.Certificates.AuthorityFingerprint });   // still unused
    }

    [Fact]
    public async Task A_renewed_certificate_and_the_one_before_are_accepted_and_no_older_one()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud));
        var enrolment = new Enrolment(TestNode.AddressOf(cloud), new IdentityStore(_folder));
        var second = await enrolment.RenewAsync(first, Ct);
        Assert.True(await IsWelcomeAsync(cloud, first));
        var third = await enrolment.RenewAsync(second, Ct);
        Assert.False(await IsWelcomeAsync(cloud, first));
        Assert.True(await IsWelcomeAsync(cloud, second));
        Assert.True(await IsWelcomeAsync(cloud, third));
        Assert.Equal(third, new IdentityStore(_folder).Find());
        await Assert.ThrowsAsync<EnrolmentRefusedException>(() => enrolment.RenewAsync(first, Ct));
    }

    [Fact]
    public async Task The_link_is_closed_to_whoever_shows_no_certificate()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var connection = await TlsDialer.DialAsync(TestNode.AddressOf(cloud), cloud.Host.Certificates.Authority, null, Ct);
        Assert.Equal(401, (await HttpExchange.UpgradeAsync(connection, Ct)).Status);
    }

    [Fact]
    public async Task A_certificate_that_another_authority_signed_is_refused_in_the_handshake()
    {
        await using var cloud = await TestCloud.StartAsync();
        var identity = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var forged = new CertificateRequest($"CN={identity.NodeId}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await using var connection = await TlsDialer.DialAsync(TestNode.AddressOf(cloud), cloud.Host.Certificates.Authority, forged, Ct);
            await HttpExchange.UpgradeAsync(connection, Ct);     // TLS 1.3: the client hears of it with the first answer
        });
    }

    [Fact]
    public async Task A_node_cannot_pass_for_the_controller_with_its_own_certificate()
    {
        await using var cloud = await TestCloud.StartAsync();
        var identity = await JoinAsync(cloud, await TestNode.MakeTokenAsync(cloud));
        using var certificate = X509CertificateLoader.LoadPkcs12(identity.LoadCertificate().Export(X509ContentType.Pkcs12), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var impostor = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync(Ct);
            await using var tls = new SslStream(client.GetStream());
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await tls.AuthenticateAsServerAsync(certificate, false, SslProtocols.Tls13, false);
                await tls.ReadExactlyAsync(new byte[1], Ct);
            });
        }, Ct);
        var address = new ControllerAddress("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        var refused = await Assert.ThrowsAsync<IOException>(() => TlsDialer.DialAsync(address, identity.LoadAuthority(), null, Ct));
        Assert.IsType<AuthenticationException>(refused.InnerException);
        await impostor;
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"secret": "s", "host_name": "../x", "signing_request_pem": ""}""")]
    [InlineData("""{"secret": "s", "host_name": "x", "signing_request_pem": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"}""")]
    public async Task A_malformed_enrolment_is_refused_with_a_reason(string body)
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var connection = await TlsDialer.DialAsync(TestNode.AddressOf(cloud), cloud.Host.Certificates.Authority, null, Ct);
        var answer = await HttpExchange.SendAsync(connection, "POST", LinkEndpoint.EnrolPath, Encoding.UTF8.GetBytes(body), Ct);
        Assert.Equal(400, answer.Status);
        Assert.DoesNotContain("status 400", answer.Reason, StringComparison.Ordinal);
    }

    private Task<NodeIdentity> JoinAsync(TestCloud cloud, JoinToken token, string name = "n1") =>
        new Enrolment(TestNode.AddressOf(cloud), new IdentityStore(_folder)).JoinAsync(token, name, Ct);

    private static async Task<bool> IsWelcomeAsync(TestCloud cloud, NodeIdentity identity)
    {
        using var authority = identity.LoadAuthority();
        using var certificate = identity.LoadCertificate();
        await using var connection = await TlsDialer.DialAsync(TestNode.AddressOf(cloud), authority, certificate, Ct);
        return (await HttpExchange.UpgradeAsync(connection, Ct)).Status == 101;
    }
}
