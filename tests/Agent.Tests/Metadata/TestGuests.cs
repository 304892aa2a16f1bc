using Appliance.Agent.Logging;
using Appliance.Agent.Metadata;
using Appliance.Agent.Network.Guest;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Network;
using Appliance.Agent.Tests.Network.Kernel;
using Appliance.Protocol.Documents;
using TestNode = Appliance.Agent.Tests.Network.Kernel.TestNode;

namespace Appliance.Agent.Tests.Metadata;

/// <summary>A node with everything its guests meet: the network as the agent makes it, DHCP and metadata.</summary>
internal sealed class TestGuests(TestNode node, TestCloud cloud) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metadata-").FullName;
    private readonly Dictionary<string, string> _hostNames = [];
    private MetadataService? _metadata;
    private GuestServices? _services;

    public TestNode Node => node;

    public PasswordStore Passwords => new(_folder);

    /// <summary>A guest at a new port, whose server has this host name. It is served after the next <see cref="ConvergeAsync"/>.</summary>
    public TestGuest Add(string networkId, string address, string hostName, string? group = null, Func<PortDocument, PortDocument>? change = null)
    {
        var port = cloud.AddPort(networkId, address, group, document => (change?.Invoke(document) ?? document) with
        {
            FixedIps = [.. document.FixedIps.Select(ip => ip with { SubnetId = GuestDocuments.Subnet4.Id })],
        });
        _hostNames[port.Id] = hostName;
        return node.AddGuest(port);
    }

    public void Rename(TestGuest guest, string hostName) => _hostNames[guest.Port.Id] = hostName;

    /// <summary>One pass over everything, as the node makes it.</summary>
    public async Task ConvergeAsync()
    {
        await node.ConvergeAsync(cloud);
        Assert.Empty(await UpdateMetadataAsync());
        _services ??= node.Namespace.Run(() => new GuestServices(Log.Silent));
        _services.Update([.. Ports().Select(port => new PortService(port, NetworkOf(port), NetworkNames.Tap(port.Id)))]);
    }

    public Task<IReadOnlyList<Faults.Fault>> UpdateMetadataAsync()
    {
        _metadata ??= new MetadataService(Passwords, TimeProvider.System, Log.Silent);
        var servers = Ports().Select(port => new MetadataServer(
            GuestServers.Document with { Id = port.DeviceId, Metadata = GuestServers.Metadata with { HostName = _hostNames[port.Id] } },
            [new MetadataPort(port, NetworkOf(port))])).ToList();
        var networks = Ports().Select(port => port.NetworkId).Distinct()
            .Select(id => new MetadataNetwork(id, node.MetadataNamespace(id), NetworkNames.MetadataInterface)).ToList();
        return _metadata.UpdateAsync(servers, networks, TestContext.Current.CancellationToken);
    }

    /// <summary>The agent's process ends and another one starts.</summary>
    public async Task RestartAsync()
    {
        _services?.Dispose();
        _services = null;
        if (_metadata is not null)
            await _metadata.DisposeAsync();
        _metadata = null;
        node.RestartAgent();
    }

    public async ValueTask DisposeAsync()
    {
        _services?.Dispose();
        if (_metadata is not null)
            await _metadata.DisposeAsync();
        node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private IEnumerable<PortDocument> Ports() => cloud.Ports.Values.Where(port => _hostNames.ContainsKey(port.Id));

    private NetworkDocument NetworkOf(PortDocument port) => cloud.Networks[port.NetworkId] with { Subnets = [GuestDocuments.Subnet4] };
}
