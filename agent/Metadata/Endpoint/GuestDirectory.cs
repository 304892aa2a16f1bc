using Appliance.Agent.Addresses;
using Appliance.Agent.Metadata.Http;

namespace Appliance.Agent.Metadata.Endpoint;

/// <summary>Which server a MAC address on a network belongs to. Read by many threads, replaced as a whole by <see cref="Update"/>.</summary>
internal sealed class GuestDirectory(TimeProvider clock)
{
    private volatile Dictionary<(string NetworkId, MacAddress Mac), Guest> _guests = [];

    public Guest? Find(string networkId, MacAddress mac) => _guests.GetValueOrDefault((networkId, mac));

    public void Update(IReadOnlyList<MetadataServer> servers)
    {
        var guests = new Dictionary<(string, MacAddress), Guest>();
        foreach (var server in servers)
        {
            foreach (var port in server.Ports)
            {
                if (!MacAddress.TryParse(port.Port.MacAddress, out var mac))
                    continue;

                var key = (port.Network.Id, mac);
                // What a guest has used up stays used up.
                guests[key] = new Guest(server, _guests.TryGetValue(key, out var known) ? known.Gate : new RequestGate(clock));
            }
        }

        _guests = guests;
    }

    internal sealed record Guest(MetadataServer Server, RequestGate Gate);
}
