using System.Net.Sockets;
using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Agent.Metadata;
using Appliance.Agent.Network.Frames;
using Appliance.Agent.Tests.Network;
using Appliance.Agent.Tests.Network.Guest;
using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Metadata;

public sealed class MetadataServiceTests : IAsyncLifetime
{
    private static readonly MetadataNetwork Network = new(GuestDocuments.Network.Id, TestNode.Bridge, 1450);

    private readonly string _folder = Directory.CreateTempSubdirectory("metadata-").FullName;
    private TestNode _node = null!;
    private MetadataService _service = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Command.Exists("curl"), "curl is not installed.");
        _node = await TestNode.StartAsync();
        await _node.InGuestAsync("ip addr add 10.5.0.7/24 dev eth0; ip route add 169.254.169.254 dev eth0");
        _service = _node.Namespace.Run(() => new MetadataService(new PasswordStore(_folder), TimeProvider.System, Log.Silent));
        Assert.Empty(await _service.UpdateAsync([GuestServers.Server], [Network], Ct));
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_guest_reads_its_documents()
    {
        Assert.Equal("10.5.0.7", await GetAsync("/latest/meta-data/local-ipv4"));
        Assert.Contains($"\"uuid\": \"{GuestServers.Document.Id}\"", await GetAsync("/openstack/latest/meta_data.json"));
        string headers = await CurlAsync("-D - -o /dev/null http://169.254.169.254/openstack/latest/meta_data.json");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", headers);
        Assert.Contains("Content-Type: application/json\r\n", headers);
    }

    [Fact]
    public async Task It_reads_them_over_ipv6_too()
    {
        Assert.SkipUnless(File.Exists("/proc/net/if_inet6"), "This machine has no IPv6.");
        await Command.EventuallyAsync("a link-local address", async () =>
            !(await _node.InGuestAsync("ip -6 addr show dev eth0")).Contains("tentative"));
        Assert.Equal("web.novalocal", await CurlAsync("http://[fe80::a9fe:a9fe%25eth0]/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task What_is_missing_is_said_as_nova_says_it()
    {
        string seen = await CurlAsync("-i http://169.254.169.254/latest/nothing");
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 154\r\n", seen);
        Assert.EndsWith("""
            <html>
             <head>
              <title>404 Not Found</title>
             </head>
             <body>
              <h1>404 Not Found</h1>
              The resource could not be found.<br /><br />



             </body>
            </html>
            """, seen);
        Assert.EndsWith("404 Not Found\n\nThe resource could not be found.\n\n   ",
            await CurlAsync("-H Accept:text/plain http://169.254.169.254/latest/nothing"));
    }

    [Fact]
    public async Task A_password_is_set_once_and_read_back()
    {
        const string Url = "http://169.254.169.254/openstack/latest/password";
        Assert.Equal("", await CurlAsync(Url));
        Assert.Contains("HTTP/1.1 400 ", await CurlAsync($"-i -X PUT -d x {Url}"));
        Assert.Contains("Request is too large.", await CurlAsync($"--data-binary {new string('x', 1021)} {Url}"));
        Assert.Contains("HTTP/1.1 200 OK", await CurlAsync($"-i --data-binary encrypted {Url}"));
        Assert.Contains("HTTP/1.1 409 Conflict", await CurlAsync($"-i --data-binary other {Url}"));
        Assert.Equal("encrypted", await CurlAsync(Url));
        Assert.Equal("encrypted"u8.ToArray(), new PasswordStore(_folder).Find(GuestServers.Document.Id));
    }

    [Fact]
    public async Task Who_asks_is_told_by_its_port_not_by_its_address()
    {
        // Another guest of the same network that has taken the first one's address.
        await _node.OnNodeAsync($"""
            ip link add tap1 type veth peer name other address fa:16:3e:99:99:99 netns {_node.GuestName}
            ip link set tap1 master {TestNode.Bridge} up
            ip netns exec {_node.GuestName} sh -c '
            ip link set eth0 down; ip addr add 10.5.0.7/24 dev other; ip link set other up; ip route add 169.254.169.254 dev other'
            """);
        Assert.Contains("404 Not Found", await GetAsync("/latest/meta-data/local-ipv4"));

        var other = GuestServers.Server with
        {
            Server = GuestServers.Document with { Id = "0ther000-0000-4000-8000-000000000000", Metadata = GuestServers.Metadata with { HostName = "other" } },
            Ports = [new MetadataPort(GuestDocuments.Port with { Id = "other", MacAddress = "fa:16:3e:99:99:99" }, GuestDocuments.Network)],
        };
        await _service.UpdateAsync([GuestServers.Server, other], [Network], Ct);
        Assert.Equal("other.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task Changed_documents_show_at_once_and_a_removed_network_is_gone()
    {
        await _service.UpdateAsync([GuestServers.With(GuestServers.Metadata with { HostName = "renamed" })], [Network], Ct);
        Assert.Equal("renamed.novalocal", await GetAsync("/latest/meta-data/hostname"));

        await _service.UpdateAsync([], [], Ct);
        Assert.DoesNotContain("apm-", await _node.OnNodeAsync("ip -o link"));
    }

    [Fact]
    public async Task Networks_with_the_same_addresses_are_kept_apart()
    {
        const string OtherNetwork = "99999999-0000-0000-0000-000000000000";
        await using var far = await TestNode.StartAsync();
        await far.InGuestAsync("ip addr add 10.5.0.7/24 dev eth0; ip route add 169.254.169.254 dev eth0");
        // The second network's bridge on the same node, its guest in a namespace of its own.
        await _node.OnNodeAsync($"""
            ip link add br1 type bridge && ip link set br1 up
            ip link add tap1 type veth peer name eth1 address {GuestDocuments.Mac} netns {far.GuestName}
            ip link set tap1 master br1 up
            ip netns exec {far.GuestName} sh -c '
            ip link set eth0 down; ip addr add 10.5.0.7/24 dev eth1; ip link set eth1 up; ip route add 169.254.169.254 dev eth1'
            """);
        var other = GuestServers.With(GuestServers.Metadata with { HostName = "far" }) with
        {
            Ports = [new MetadataPort(GuestDocuments.Port, GuestDocuments.Network with { Id = OtherNetwork })],
        };
        Assert.Empty(await _service.UpdateAsync([GuestServers.Server, other], [Network, new(OtherNetwork, "br1", 1450)], Ct));

        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
        Assert.Equal("far.novalocal", await far.InGuestAsync("curl -s -S -m 20 http://169.254.169.254/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_bridge_that_comes_back_is_served_again()
    {
        await _node.OnNodeAsync($"ip link del {TestNode.Bridge}");
        var fault = Assert.Single(await _service.UpdateAsync([GuestServers.Server], [Network], Ct));
        Assert.Equal(FaultKind.Waiting, fault.Kind);

        await _node.OnNodeAsync($"ip link add {TestNode.Bridge} type bridge && ip link set {TestNode.Bridge} up && ip link set {TestNode.Tap} master {TestNode.Bridge}");
        Assert.Empty(await _service.UpdateAsync([GuestServers.Server], [Network], Ct));
        Assert.Equal("i-4f3c2b1a", await GetAsync("/latest/meta-data/instance-id"));
    }

    [Fact]
    public async Task A_new_agent_takes_over_what_a_dead_one_left()
    {
        await using var next = _node.Namespace.Run(() => new MetadataService(new PasswordStore(_folder), TimeProvider.System, Log.Silent));
        Assert.Empty(await next.UpdateAsync([GuestServers.With(GuestServers.Metadata with { HostName = "next" })], [Network], Ct));
        Assert.Equal("next.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task Renewals_of_a_lease_are_not_refused_here()
    {
        using var guest = NetworkNamespace.Find(_node.GuestName)!;
        var outcome = guest.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
            socket.Connect(ServiceAddresses.Ipv4, 67);
            socket.Send([1]);
            return Assert.Throws<SocketException>(() => socket.Receive(new byte[1])).SocketErrorCode;
        });
        Assert.True(outcome is SocketError.TimedOut or SocketError.WouldBlock, $"{outcome}");
        Assert.Contains(ServiceAddresses.Mac.ToString(), await _node.InGuestAsync("ip neigh show 169.254.169.254"));
    }

    [Fact]
    public async Task Several_requests_share_a_connection()
    {
        string seen = await CurlAsync("-v http://169.254.169.254/latest/meta-data/hostname http://169.254.169.254/latest/meta-data/instance-id 2>&1");
        Assert.Contains("Re-using existing connection", seen);
        Assert.Contains("web.novalocal", seen);
        Assert.Contains("i-4f3c2b1a", seen);
    }

    [Fact]
    public async Task A_guest_that_hoards_connections_gets_no_more_but_others_do()
    {
        using var hoarded = new DisposableList<Socket>();
        using var guest = NetworkNamespace.Find(_node.GuestName)!;
        for (int i = 0; i < 20; i++)
        {
            hoarded.Add(guest.Run(() =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(ServiceAddresses.Ipv4, 80);
                return socket;
            }));
        }

        // Eight are held; the others are reset.
        await Command.EventuallyAsync("twelve resets", () => Task.FromResult(hoarded.Count(socket => socket.Poll(0, SelectMode.SelectRead)) == 12));
        var (exitCode, _) = await Command.TryRunAsync("ip", "netns", "exec", _node.GuestName, "curl", "-s", "-m", "20", "http://169.254.169.254/");
        Assert.NotEqual(0, exitCode);
    }

    [Theory]
    [InlineData("\u0001\u0002\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 411 Length Required")]
    [InlineData("POST /openstack/latest/password HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    public void Requests_out_of_order_are_refused(string request, string expected) => Assert.StartsWith(expected, Exchange(request));

    [Fact]
    public void A_head_without_end_is_refused() =>
        Assert.StartsWith("HTTP/1.1 431 ", Exchange("GET / HTTP/1.1\r\n" + string.Concat(Enumerable.Repeat("X: yyyyyyyyyyyyyy\r\n", 600))));

    private string Exchange(string request)
    {
        using var guest = NetworkNamespace.Find(_node.GuestName)!;
        return guest.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
            socket.Connect(ServiceAddresses.Ipv4, 80);
            socket.Send(System.Text.Encoding.Latin1.GetBytes(request));
            var answer = new byte[4096];
            return System.Text.Encoding.Latin1.GetString(answer, 0, socket.Receive(answer));
        });
    }

    private Task<string> GetAsync(string path) => CurlAsync($"http://169.254.169.254{path}");

    private Task<string> CurlAsync(string arguments) => _node.InGuestAsync($"curl -s -S -m 20 {arguments}");

    private sealed class DisposableList<T> : List<T>, IDisposable
        where T : IDisposable
    {
        public void Dispose() => ForEach(item => item.Dispose());
    }
}
