using System.Text.Json;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Addresses of a server as JSON, grouped by network (nova/api/openstack/compute/views/addresses.py).</summary>
internal static class ServerAddressView
{
    /// <summary>Writes <c>addresses</c>. Hidden while the server is being built, as upstream.</summary>
    public static void Write(Utf8JsonWriter json, Server server, ServerNetworkFacts facts, bool withDetails)
    {
        json.WriteStartObject("addresses"u8);
        if (server.VmState != VmStates.Building && facts.Addresses.TryGetValue(server.Id, out var addresses))
            WriteNetworks(json, addresses, withDetails);
        json.WriteEndObject();
    }

    public static void WriteNetworks(Utf8JsonWriter json, IReadOnlyList<ServerAddress> addresses, bool withDetails)
    {
        // Few enough that looking back is cheaper than a dictionary a server.
        for (var i = 0; i < addresses.Count; i++)
        {
            var network = addresses[i].NetworkName;
            if (IsEarlier(addresses, network, i))
                continue;
            WriteNetwork(json, network, addresses, withDetails);
        }
    }

    public static void WriteNetwork(Utf8JsonWriter json, string network, IReadOnlyList<ServerAddress> addresses, bool withDetails)
    {
        json.WriteStartArray(network);
        foreach (var address in addresses)
        {
            if (address.NetworkName != network)
                continue;
            json.WriteStartObject();
            json.WriteNumber("version"u8, address.Version);
            json.WriteString("addr"u8, address.Address);
            if (withDetails)
            {
                json.WriteString("OS-EXT-IPS:type"u8, address.IsFloating ? "floating" : "fixed");
                json.WriteString("OS-EXT-IPS-MAC:mac_addr"u8, address.MacAddress);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static bool IsEarlier(IReadOnlyList<ServerAddress> addresses, string network, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (addresses[i].NetworkName == network)
                return true;
        }

        return false;
    }
}
