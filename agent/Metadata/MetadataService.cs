using System.Net.Sockets;
using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Agent.Metadata.Endpoint;
using Appliance.Agent.Metadata.Http;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Metadata;

/// <summary>
/// The metadata service of a node: on each of its networks <c>http://169.254.169.254</c> and <c>http://[fe80::a9fe:a9fe%25eth0]</c> answer the
/// guests of this node, each with its own server's documents, with or without a router and with the controller away.
/// </summary>
internal sealed class MetadataService : IAsyncDisposable
{
    private readonly GuestDirectory _guests;
    private readonly MetadataAnswers _answers;
    private readonly TimeProvider _clock;
    private readonly Log _log;

    // Used by one Update at a time.
    private readonly Dictionary<string, MetadataEndpoint> _endpoints = [];

    public MetadataService(PasswordStore passwords, TimeProvider clock, Log log)
    {
        _guests = new GuestDirectory(clock);
        _answers = new MetadataAnswers(passwords);
        (_clock, _log) = (clock, log);
    }

    /// <summary>
    /// Says which servers and networks there are from now on: all of them each time, after every pass over the node's network, because a
    /// namespace that was made anew must be listened in anew. Not for concurrent use.
    /// </summary>
    /// <param name="networks">Those that a port of <paramref name="servers"/> is on.</param>
    /// <returns>Networks that cannot be served now; the others are.</returns>
    public async Task<IReadOnlyList<Fault>> UpdateAsync(
        IReadOnlyList<MetadataServer> servers, IReadOnlyList<MetadataNetwork> networks, CancellationToken ct)
    {
        _guests.Update(servers);
        var wanted = networks.ToDictionary(network => network.NetworkId);
        foreach (string gone in _endpoints.Keys.Where(id => !wanted.ContainsKey(id)).ToList())
            await CloseAsync(gone);

        var faults = new List<Fault>();
        foreach (var network in networks)
        {
            ct.ThrowIfCancellationRequested();
            if (await EnsureAsync(network) is { } fault)
                faults.Add(fault);
        }

        return faults;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string id in _endpoints.Keys.ToList())
            await CloseAsync(id);
    }

    private async Task<Fault?> EnsureAsync(MetadataNetwork network)
    {
        var within = NetworkNamespace.Find(network.NamespaceName);
        bool isServed = within is not null && _endpoints.TryGetValue(network.NetworkId, out var served) && served.Serves(network, within);
        if (isServed)
        {
            within!.Dispose();
            return null;
        }

        await CloseAsync(network.NetworkId);
        var waiting = new Fault($"Metadata of network {network.NetworkId} waits for the network's bridge.", FaultKind.Waiting);
        if (within is null)
            return waiting;

        try
        {
            var endpoint = new MetadataEndpoint(network, within, _guests, _answers, _clock, _log);
            _endpoints[network.NetworkId] = endpoint;
            if (endpoint.TryStart())
                return null;

            await CloseAsync(network.NetworkId);
            return waiting;
        }
        catch (Exception error) when (error is LinuxException or SocketException)
        {
            await CloseAsync(network.NetworkId);
            _log.Warning($"metadata of network {network.NetworkId} cannot be served", error);
            return new Fault($"Metadata of network {network.NetworkId} cannot be served.", FaultKind.Passing, error.Message);
        }
    }

    private async Task CloseAsync(string networkId)
    {
        if (_endpoints.Remove(networkId, out var endpoint))
            await endpoint.DisposeAsync();
    }
}
