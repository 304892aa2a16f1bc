namespace Appliance.SystemTests.Guest;

[Collection("guest machines")]
public sealed class GuestNetworkTests
{
    [Fact]
    public async Task What_DHCP_and_the_router_advertise_is_configured()
    {
        using var folder = await GuestFolder.CreateAsync();
        await using var network = await GuestNetwork.CreateAsync(folder,
            "dhcp-option=option:mtu,1400", "dhcp-option=option:dns-server,10.7.0.1", "dhcp-option=option:domain-search,example.org",
            "dhcp-option=121,10.9.0.0/24,0.0.0.0,169.254.169.254/32,10.7.0.1,0.0.0.0/0,10.7.0.1",
            "enable-ra", "dhcp-range=fd00:7::100,fd00:7::100,64,1h", "dhcp-option=option6:dns-server,[fd00:7::1]");
        await using var machine = await GuestMachine.StartAsync(folder, new(await folder.MakeDiskAsync())
        {
            Machine = "pc",
            DirectKernel = true,
            ConfigDrive = await folder.MakeConfigDriveAsync("networked"),
            Tap = network,
        });
        await machine.AwaitLoginAsync();

        Assert.Equal("1400", await machine.RunAsync("cat /sys/class/net/eth0/mtu"));
        Assert.Contains("via 10.7.0.1", await machine.RunAsync("ip route show default"));
        Assert.Contains("scope link", await machine.RunAsync("ip route show 10.9.0.0/24"));
        Assert.Contains("via 10.7.0.1", await machine.RunAsync("ip route show 169.254.169.254"));
        Assert.Contains("search example.org", await machine.RunAsync("cat /etc/resolv.conf"));
        // The router says that addresses are managed: DHCPv6 gives one.
        await AwaitAsync(machine, "ip -6 -o addr show dev eth0", "fd00:7::100/");
        await AwaitAsync(machine, "cat /etc/resolv.conf", "nameserver fd00:7::1");
        // dnsmasq calls itself a default router from its second advertisement on.
        await AwaitAsync(machine, "ip -6 route show default", "via fe80::");
    }

    [Fact]
    public async Task Where_the_router_offers_a_prefix_the_address_comes_from_the_MAC()
    {
        using var folder = await GuestFolder.CreateAsync();
        await using var network = await GuestNetwork.CreateAsync(folder,
            "enable-ra", "dhcp-range=fd00:7::,ra-stateless,64,1h", "dhcp-option=option6:dns-server,[fd00:7::1]");
        await using var machine = await GuestMachine.StartAsync(folder, new(await folder.MakeDiskAsync())
        {
            DirectKernel = true,
            ConfigDrive = await folder.MakeConfigDriveAsync("networked"),
            Tap = network,
        });
        await machine.AwaitLoginAsync();

        await AwaitAsync(machine, "ip -6 -o addr show dev eth0", "fd00:7::5054:ff:fe12:3456/64");
        await AwaitAsync(machine, "cat /etc/resolv.conf", "nameserver fd00:7::1");
    }

    private static Task AwaitAsync(GuestMachine machine, string command, string text) => Eventually.TrueAsync(
        async () => (await machine.TryAsync(command)).Output.Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(60),
        () => $"\"{text}\" in the output of {command}; console:\n{machine.Console}");
}
