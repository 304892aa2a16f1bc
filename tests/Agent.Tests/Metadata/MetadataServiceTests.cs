using Appliance.Agent.Metadata;
using System.Net.Sockets;
using System.Text;
using Appliance.Agent.Addresses;
using Appliance.Agent.Faults;
using Appliance.Agent.Tests.Network.Kernel;
using Command = Appliance.Agent.Tests.Network.Guest.Command;
using TestNode = Appliance.Agent.Tests.Network.Kernel.TestNode;

namespace Appliance.Agent.Tests.Metadata;

public sealed class MetadataServiceTests : IAsyncLifetime
{
    private readonly TestCloud _cloud = new();
    private TestGuests _guests = null!;
    private TestGuest _guest = null!;
    private string _network = "";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Network namespaces need root.");
        Assert.SkipUnless(Command.Exists("curl"), "curl is not installed.");
        _guests = new TestGuests(new TestNode(), _cloud);
        _network = _cloud.AddNetwork();
        // No security group: nothing in or out but what the node itself serves.
        _guest = _guests.Add(_network, "10.5.0.7/24", "web");
        await _guests.ConvergeAsync();
        AddRoute(_guest);
    }

    public ValueTask DisposeAsync() => _guests.DisposeAsync();

    [Fact]
    public async Task A_guest_reads_its_documents()
    {
        Assert.Equal("10.5.0.7", await GetAsync("/latest/meta-data/local-ipv4"));
        Assert.Contains($"\"uuid\": \"{_cloud.Ports[_guest.Port.Id].DeviceId}\"", await GetAsync("/openstack/latest/meta_data.json"));
        string headers = await CurlAsync("-D - -o /dev/null http://169.254.169.254/openstack/latest/meta_data.json");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", headers);
        Assert.Contains("Content-Type: application/json\r\n", headers);
    }

    [Fact]
    public async Task It_reads_them_over_ipv6_too()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        Assert.Equal("web.novalocal", await CurlAsync("http://[fe80::a9fe:a9fe%25eth0]/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_guest_that_only_knows_its_gateway_is_answered_too()
    {
        _guest.Exec("ip route del 169.254.169.254");
        _guest.SetGateway("10.5.0.1");
        _guest.Exec("ip neigh add 10.5.0.1 lladdr fa:16:3e:00:00:01 dev eth0");
        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
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
        var server = _cloud.Ports[_guest.Port.Id].DeviceId;
        Assert.Equal(new GuestPassword(0, "encrypted"), _guests.Passwords.Find(server));
        _guests.Passwords.Clear(server, 0);
        Assert.NotNull(_guests.Passwords.Find(server));
        _guests.Passwords.Clear(server, 1);
        Assert.Equal("", await CurlAsync(Url));
    }

    [Fact]
    public async Task Who_asks_is_told_by_its_port_not_by_its_address()
    {
        // Its port may use any address of the network, and it uses the first guest's.
        var other = _guests.Add(_network, "10.5.0.8/24", "other", change: port => port with { AllowedAddressPairs = [new("10.5.0.0/24", port.MacAddress)] });
        await _guests.ConvergeAsync();
        _guest.Exec("ip link set eth0 down");
        other.Exec("ip addr add 10.5.0.7/24 dev eth0");
        other.Exec("ip route replace 169.254.169.254 dev eth0 src 10.5.0.7");
        Assert.Equal("other.novalocal", await GetAsync("/latest/meta-data/hostname", other));
    }

    [Fact]
    public async Task Changed_documents_show_at_once()
    {
        _guests.Rename(_guest, "renamed");
        await _guests.ConvergeAsync();
        Assert.Equal("renamed.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_port_that_is_gone_is_told_nothing()
    {
        _guests.Add(_network, "10.5.0.8/24", "other");
        await _guests.ConvergeAsync();
        var removed = _cloud.Ports[_guest.Port.Id];
        _cloud.Ports.Remove(removed.Id);
        Assert.Empty(await _guests.UpdateMetadataAsync());
        Assert.Contains("404 Not Found", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_network_that_is_gone_leaves_nothing()
    {
        _cloud.Ports.Clear();
        _cloud.Networks.Clear();
        await _guests.ConvergeAsync();
        Assert.DoesNotContain("apm", _guests.Node.Inventory());
    }

    [Fact]
    public async Task Networks_with_the_same_addresses_are_kept_apart()
    {
        var far = _guests.Add(_cloud.AddNetwork(vni: 78), "10.5.0.7/24", "far");
        await _guests.ConvergeAsync();
        AddRoute(far);
        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
        Assert.Equal("far.novalocal", await GetAsync("/latest/meta-data/hostname", far));
    }

    [Fact]
    public async Task Each_guest_of_a_network_on_two_nodes_is_answered_by_its_own()
    {
        var (first, second) = TestNode.Pair();
        TestCloud near = new(), away = new();
        await using var here = new TestGuests(first, near);
        await using var there = new TestGuests(second, away);
        string network = near.AddNetwork();
        away.Networks[network] = near.Networks[network];
        string group = near.AddDefaultGroup("ingress IPv4");
        away.Groups[group] = near.Groups[group];
        var a = here.Add(network, "10.5.0.1/24", "a", group);
        var b = there.Add(network, "10.5.0.2/24", "b", group);
        near.AddNeighbor(b.Port, network, "192.0.2.2");
        away.AddNeighbor(a.Port, network, "192.0.2.1");
        await here.ConvergeAsync();
        await there.ConvergeAsync();
        AddRoute(a);
        AddRoute(b);

        Assert.True(a.Pings("10.5.0.2"));
        Assert.Equal("a.novalocal", await GetAsync("/latest/meta-data/hostname", a));
        Assert.Equal("b.novalocal", await GetAsync("/latest/meta-data/hostname", b));
    }

    [Fact]
    public async Task Namespaces_that_were_lost_are_served_again()
    {
        string name = _guests.Node.MetadataNamespace(_network);
        await Command.RunAsync("ip", "netns", "del", name);
        var fault = Assert.Single(await _guests.UpdateMetadataAsync());
        Assert.Equal(FaultKind.Waiting, fault.Kind);

        await _guests.ConvergeAsync();
        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_new_agent_takes_over_what_an_old_one_left()
    {
        await _guests.RestartAsync();
        await _guests.ConvergeAsync();
        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public async Task A_guest_with_nothing_but_dhcp_finds_its_metadata()
    {
        Assert.SkipUnless(Command.Exists("busybox"), "busybox is not installed.");
        _guest.Exec("ip addr flush dev eth0");
        string script = Path.Combine(Path.GetTempPath(), $"udhcpc-{_guest.NamespaceName}");
        await File.WriteAllTextAsync(script, """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            ip addr add $ip/$mask dev $interface
            set -- $staticroutes
            while [ $# -ge 2 ]; do
                [ $1 = 0.0.0.0/0 ] || ip route add $1 via $2 dev $interface
                shift 2
            done
            """, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _guest.Exec($"busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -O staticroutes -s {script}");
        File.Delete(script);
        Assert.Equal("web.novalocal", await GetAsync("/latest/meta-data/hostname"));
    }

    [Fact]
    public void Renewals_of_a_lease_are_not_refused_here()
    {
        var outcome = _guest.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
            socket.Bind(new System.Net.IPEndPoint(_guest.Address, 68));
            socket.Connect(ServiceAddresses.Ipv4, 67);
            socket.Send([1]);
            return Assert.Throws<SocketException>(() => socket.Receive(new byte[1])).SocketErrorCode;
        });
        Assert.True(outcome is SocketError.TimedOut or SocketError.WouldBlock, $"{outcome}");
    }

    [Fact]
    public async Task Several_requests_share_a_connection()
    {
        string seen = await CurlAsync("-v --stderr - http://169.254.169.254/latest/meta-data/hostname http://169.254.169.254/latest/meta-data/ami-id");
        Assert.Contains("Re-using existing connection", seen);
        Assert.Contains("web.novalocal", seen);
        Assert.Contains("ami-9e8d7c6b", seen);
    }

    [Fact]
    public async Task A_guest_that_hoards_connections_gets_no_more_but_others_do()
    {
        var hoarded = new List<Socket>();
        for (int i = 0; i < 20; i++)
            hoarded.Add(_guest.Run(Connect));

        // Eight are held; the others are reset.
        await Command.EventuallyAsync("twelve resets", () => Task.FromResult(hoarded.Count(socket => socket.Poll(0, SelectMode.SelectRead)) == 12));
        Assert.NotEqual(0, (await Command.TryRunAsync("ip", "netns", "exec", _guest.NamespaceName, "curl", "-s", "-m", "20", "http://169.254.169.254/")).ExitCode);
        var other = _guests.Add(_network, "10.5.0.8/24", "other");
        await _guests.ConvergeAsync();
        AddRoute(other);
        Assert.Equal("other.novalocal", await GetAsync("/latest/meta-data/hostname", other));
        hoarded.ForEach(socket => socket.Dispose());
    }

    [Theory]
    [InlineData("\u0001\u0002\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 411 Length Required")]
    [InlineData("POST /openstack/latest/password HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    public void Requests_out_of_order_are_refused(string request, string expected) => Assert.StartsWith(expected, Exchange(request));

    [Fact]
    public void A_head_without_end_is_refused() =>
        Assert.StartsWith("HTTP/1.1 431 ", Exchange("GET / HTTP/1.1\r\n" + string.Concat(Enumerable.Repeat("X: yyyyyyyyyyyyyy\r\n", 600))));

    private string Exchange(string request) => _guest.Run(() =>
    {
        using var socket = Connect();
        socket.Send(Encoding.Latin1.GetBytes(request));
        var answer = new byte[4096];
        return Encoding.Latin1.GetString(answer, 0, socket.Receive(answer));
    });

    private static Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        socket.Connect(ServiceAddresses.Ipv4, 80);
        return socket;
    }

    private static void AddRoute(TestGuest guest) => guest.Exec("ip route replace 169.254.169.254 dev eth0");

    private Task<string> GetAsync(string path, TestGuest? guest = null) => CurlAsync($"http://169.254.169.254{path}", guest);

    private Task<string> CurlAsync(string arguments, TestGuest? guest = null) =>
        Command.RunAsync("ip", ["netns", "exec", (guest ?? _guest).NamespaceName, "curl", "-s", "-S", "-m", "20", .. arguments.Split(' ')]);
}
