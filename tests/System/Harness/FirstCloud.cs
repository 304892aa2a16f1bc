using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Harness;

/// <summary>The things a person makes first in a new cloud, made through the openstack client.</summary>
internal sealed class FirstCloud(Site site)
{
    public string KeyFile => Path.Combine(site.Folder, "guest_key");

    /// <summary>Guest image, flavor and key.</summary>
    public async Task MakeBootableAsync()
    {
        await Program.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KeyFile);
        await site.Client.TextAsync("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--public",
            "--file", Site.Out("guest.qcow2"), "guest");
        await site.Client.TextAsync("flavor", "create", "--ram", "128", "--vcpus", "1", "--disk", "1", "tiny");
        await site.Client.TextAsync("keypair", "create", "--public-key", KeyFile + ".pub", "k");
    }

    /// <summary>An external network on the node's own bridge, a router to it, and a security group that lets ssh and ping in.</summary>
    public async Task MakeOutsideAsync()
    {
        await site.Client.TextAsync("network", "create", "--external", "--provider-network-type", "flat", "--provider-physical-network", "public", "public");
        await site.Client.TextAsync("subnet", "create", "--network", "public", "--subnet-range", "172.24.4.0/24", "--gateway", "172.24.4.1",
            "--no-dhcp", "--allocation-pool", "start=172.24.4.10,end=172.24.4.250", "public-v4");
        await site.Client.TextAsync("router", "create", "r");
        await site.Client.TextAsync("router", "set", "--external-gateway", "public", "r");
        await site.Client.TextAsync("security", "group", "create", "web");
        await site.Client.TextAsync("security", "group", "rule", "create", "--proto", "tcp", "--dst-port", "22", "web");
        await site.Client.TextAsync("security", "group", "rule", "create", "--proto", "icmp", "web");
    }

    public async Task MakeNetworkAsync(string name, string cidr)
    {
        await site.Client.TextAsync("network", "create", name);
        await site.Client.TextAsync("subnet", "create", "--network", name, "--subnet-range", cidr, name + "-v4");
    }

    /// <summary>Boots a guest and waits until it is ACTIVE.</summary>
    public async Task<JsonNode> BootAsync(string name, string network, params string[] options)
    {
        await site.Client.TextAsync(["server", "create", "--image", "guest", "--flavor", "tiny", "--network", network, "--key-name", "k",
            "--security-group", "web", .. options, name]);
        return await AwaitStatusAsync(name, "ACTIVE");
    }

    public async Task<JsonNode> AwaitStatusAsync(string server, string status)
    {
        var id = ((string)(await site.Client.JsonAsync("server", "show", server, "-c", "id"))["id"]!)!;
        return await Eventually.FindAsync($"server {server} is {status}", GuestLogin.BootTime, async () =>
        {
            var shown = (await site.GetAsync($"/compute/v2.1/servers/{id}"))["server"]!;
            var now = (string)shown["status"]!;
            Assert.True(now != "ERROR" || status == "ERROR", $"server {server}: {shown["fault"]}");
            return now == status && shown["OS-EXT-STS:task_state"] is null ? shown : null;
        }, () => site.Controller.Output);
    }

    /// <summary>Gives the server a floating IP.</summary>
    public async Task<GuestLogin> ReachAsync(string server)
    {
        var address = (string)(await site.Client.JsonAsync("floating", "ip", "create", "public"))["floating_ip_address"]!;
        await site.Client.TextAsync("server", "add", "floating", "ip", server, address);
        return new GuestLogin(address, KeyFile);
    }

    public static string FixedAddress(JsonNode server, string network) => server["addresses"]![network]!.AsArray()
        .Where(static address => (string)address!["OS-EXT-IPS:type"]! == "fixed").Select(static address => (string)address!["addr"]!).First();
}
