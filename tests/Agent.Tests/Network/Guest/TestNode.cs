using Appliance.Agent.Logging;
using Appliance.Agent.Network.Guest;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Namespaces;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.Guest;

/// <summary>
/// A node and one guest, each a network namespace: the guest's <c>eth0</c> is the other end of the node's <c>tap0</c>, as a virtual machine's
/// would be, and <c>tap0</c> is on the network's bridge.
/// </summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string Tap = "tap0";
    public const string Bridge = "br0";

    private readonly string _folder = Directory.CreateTempSubdirectory("guest-").FullName;

    private TestNode(NetworkNamespace node, NetworkNamespace guest)
    {
        (Namespace, GuestName) = (node, guest.Name);
        guest.Dispose();
    }

    public NetworkNamespace Namespace { get; }

    public string GuestName { get; }

    public static async Task<TestNode> StartAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Network namespaces need root.");
        var test = new TestNode(NetworkNamespace.Ensure(TestNames.New()), NetworkNamespace.Ensure(TestNames.New()));
        await test.OnNodeAsync($"ip link add {Bridge} type bridge && ip link set {Bridge} up");
        await test.PlugAsync();
        return test;
    }

    /// <summary>Makes the TAP, as at each start of the guest.</summary>
    public async Task PlugAsync() => await OnNodeAsync($"""
        ip link add {Tap} type veth peer name eth0 address {GuestDocuments.Mac} netns {GuestName}
        ip link set {Tap} master {Bridge} up
        ip netns exec {GuestName} ip link set lo up
        ip netns exec {GuestName} ip link set eth0 up
        """);

    public Task UnplugAsync() => OnNodeAsync($"ip link del {Tap}");

    /// <summary>The services of this node; the caller disposes them.</summary>
    public GuestServices StartServices(PortDocument port, NetworkDocument network)
    {
        var services = Namespace.Run(() => new GuestServices(Log.Silent));
        services.Update([new PortService(port, network, Tap)]);
        return services;
    }

    public Task<string> OnNodeAsync(string script) => Command.RunAsync("ip", "netns", "exec", Namespace.Name, "sh", "-e", "-c", script);

    public Task<string> InGuestAsync(string script) => Command.RunAsync("ip", "netns", "exec", GuestName, "sh", "-e", "-c", script);

    /// <summary>As <see cref="InGuestAsync"/>, with an <c>/etc</c> of its own that programs may change.</summary>
    public Task<string> InGuestWithOwnEtcAsync(string script) => InGuestAsync($"""
        exec unshare -m sh -e -c '
        mount -t tmpfs tmpfs {_folder}
        mkdir {_folder}/upper {_folder}/work
        mount -t overlay overlay -o lowerdir=/etc,upperdir={_folder}/upper,workdir={_folder}/work /etc
        {script}
        '
        """);

    public async ValueTask DisposeAsync()
    {
        await Command.TryRunAsync("ip", "netns", "exec", Namespace.Name, "ip", "link", "del", Tap);
        Namespace.Dispose();
        NetworkNamespace.Delete(Namespace.Name);
        NetworkNamespace.Delete(GuestName);
        Directory.Delete(_folder, recursive: true);
    }
}
