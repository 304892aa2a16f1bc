using System.Net;
using Appliance.Agent.Commands.Parts;
using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Kvm;
using Appliance.Agent.Compute.Qemu;
using Appliance.Agent.Compute.Simulated;
using Appliance.Agent.Jail;
using Appliance.Agent.Logging;
using Appliance.Agent.Metadata;
using Appliance.Agent.Network;
using Appliance.Agent.Network.Guest;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Agent.Storage;
using Appliance.Protocol;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Commands;

/// <summary>What a node's parts are given of each other.</summary>
/// <param name="Desired">What this node should have, now.</param>
/// <param name="Report">Takes statuses of servers.</param>
/// <param name="Wake">Asks a part for a pass, by name.</param>
internal sealed record NodeSeams(
    Func<DesiredState> Desired, IPortDevices Ports, IImageSource Images, Action<ObjectStatus> Report, Action<string> Wake);

/// <summary>
/// The parts that touch the machine, joined: servers and their disks, networks, guest services. With the simulated driver there is nothing to
/// touch. Disposing leaves guests and networks as they are.
/// </summary>
internal sealed class NodeParts : IAsyncDisposable
{
    private readonly List<object> _owned = [];
    private readonly List<IConsumer> _consumers = [];

    private NodeParts(ServerFleet fleet) => Fleet = fleet;

    public IReadOnlyList<IConsumer> Consumers => _consumers;

    public ServerFleet Fleet { get; }

    /// <summary>Null on a node with the simulated driver.</summary>
    public NodeNetwork? Network { get; private init; }

    public static async Task<NodeParts> CreateAsync(AgentOptions options, DataFolder folder, NodeSeams seams, Log log, CancellationToken ct)
    {
        var isSimulated = options.Driver == DriverNames.Simulated;
        var clock = TimeProvider.System;
        var jail = JailOptions.OfThisProcess();
        var storage = new StorageOptions { DataFolder = folder.Root };
        var images = new ImageCache(storage, new StorageLayout(folder.Root), jail, seams.Images, log, clock);
        var disks = new ServerDisks(storage, jail, images);
        var qemu = isSimulated ? null : await QemuDriver.CreateAsync(new QemuOptions(), jail, openTap: null, log, clock, ct);
        var kvm = isSimulated ? null : await KvmDriver.CreateAsync(new KvmOptions { DataFolder = folder.Root }, jail, openTap: null, log, clock, ct);
        var passwords = new PasswordStore(Path.Combine(folder.Root, "passwords"));
        var reports = new PasswordReports(passwords, seams.Report);
        var fleet = new ServerFleet(
            new ComputeOptions { DataFolder = folder.Root, DefaultDriver = DefaultDriver(options, kvm) },
            qemu is null || kvm is null ? [new SimulatedDriver()] : [kvm, qemu, new SimulatedDriver()], disks, seams.Ports,
            (server, path, token) => NodeGuests.WriteConfigDriveAsync(seams.Desired(), server, path, clock, token),
            reports.Report, gone =>
            {
                reports.Remove(gone.Id);
                seams.Wake(ComputeConsumer.PartName);
            }, log, clock);

        var parts = new NodeParts(fleet) { Network = isSimulated ? null : CreateNetwork(options, folder) };
        if (parts.Network is { } network)
            parts.AddNetwork(network, passwords, seams, log);
        else
            parts._consumers.Add(new SimulatedNetwork());
        parts._consumers.Add(new ComputeConsumer(fleet));
        parts.Own(images, disks, qemu, kvm, fleet);
        return parts;
    }

    /// <summary>Last made, first disposed: a part may use those made before it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_owned))
        {
            if (part is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else
                ((IDisposable)part).Dispose();
        }
    }

    /// <summary>What the controller may ask of the servers.</summary>
    public Link.LinkHandlers CreateHandlers() => new(
        new Dictionary<string, Link.RequestHandler>
        {
            [LinkMethods.ConsoleLog] = ServerRequests.ConsoleLog(Fleet),
            [LinkMethods.HostUptime] = HostRequests.UptimeAsync,
        },
        (serverId, _) => Task.FromResult(Fleet.OpenSerial(serverId)));

    // The appliance's own machines wherever they can run.
    private static string DefaultDriver(AgentOptions options, KvmDriver? kvm) =>
        options.Driver != AgentOptions.BestDriver ? options.Driver
        : kvm is { Report.IsUsable: true } ? DriverNames.Kvm
        : DriverNames.Qemu;

    private static NodeNetwork CreateNetwork(AgentOptions options, DataFolder folder)
    {
        folder.MarkNetwork();
        return new NodeNetwork(new NetworkOptions
        {
            // Nobody reaches this node over a loopback address: its networks end here.
            TunnelAddress = IPAddress.TryParse(options.TunnelAddress, out var address) && !IPAddress.IsLoopback(address) ? address : null,
            Providers = options.PhysicalNetworks,
        });
    }

    private void AddNetwork(NodeNetwork network, PasswordStore passwords, NodeSeams seams, Log log)
    {
        var services = new GuestServices(log.For("guest-services"));
        var metadata = new MetadataService(passwords, TimeProvider.System, log.For("metadata"));
        _consumers.AddRange(
        [
            new NetworkConsumer(network, () => seams.Wake(MetadataConsumer.PartName)), new GuestServicesConsumer(services),
            new MetadataConsumer(metadata, passwords, network.Instance),
        ]);
        Own(network, services, metadata);
    }

    private void Own(params ReadOnlySpan<object?> parts)
    {
        foreach (var part in parts)
        {
            if (part is not null)
                _owned.Add(part);
        }
    }
}
