using System.Diagnostics;

namespace Appliance.SystemTests.Guest;

/// <summary>A network namespace with a TAP for the guest and dnsmasq as its DHCP server and IPv6 router.</summary>
internal sealed class GuestNetwork : IAsyncDisposable
{
    public const string GuestAddress = "10.7.0.50";
    private readonly string _namespace = $"guest-test-{Environment.ProcessId}";
    private readonly GuestFolder _folder;
    private Process? _dnsmasq;

    private GuestNetwork(GuestFolder folder) => _folder = folder;

    public string TapName => "tap0";

    /// <summary>What to put before a program to run it in the namespace.</summary>
    public string[] Enter => ["ip", "netns", "exec", _namespace];

    /// <param name="options">dnsmasq's own, without the dashes: what it offers.</param>
    public static async Task<GuestNetwork> CreateAsync(GuestFolder folder, params string[] options)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("network namespaces need root");
        if (!File.Exists("/usr/sbin/dnsmasq"))
            Assert.Skip("dnsmasq-base is not installed");
        var network = new GuestNetwork(folder);
        await folder.RunAsync("ip", "netns", "add", network._namespace);
        foreach (string command in new[]
        {
            "ip link set lo up", "ip tuntap add tap0 mode tap", "sysctl -qw net.ipv6.conf.tap0.accept_dad=0", "ip link set tap0 up",
            "ip addr add 10.7.0.1/24 dev tap0", "ip addr add fd00:7::1/64 dev tap0 nodad",
        })
        {
            await folder.RunAsync(network.Enter[0], [.. network.Enter[1..], .. command.Split(' ')]);
        }
        string[] program =
        [
            .. network.Enter, "dnsmasq", "--keep-in-foreground", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=tap0", "--bind-dynamic",
            "--user=root", $"--dhcp-leasefile={Path.Combine(folder.Root, "leases")}", $"--dhcp-range={GuestAddress},{GuestAddress},255.255.255.0,1h",
            .. options.Select(option => "--" + option),
        ];
        network._dnsmasq = Process.Start(new ProcessStartInfo(program[0], program[1..]) { RedirectStandardError = true })!;
        _ = network._dnsmasq.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return network;
    }

    public async ValueTask DisposeAsync()
    {
        if (_dnsmasq is not null)
        {
            _dnsmasq.Kill();
            await _dnsmasq.WaitForExitAsync(CancellationToken.None);
            _dnsmasq.Dispose();
        }
        await _folder.RunAsync("ip", "netns", "del", _namespace);
    }
}
