using Appliance.Agent.Addresses;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>A port with what the rules about it need, parsed.</summary>
/// <param name="Mark">Its half of the packet mark, 1 to 65535.</param>
/// <param name="Zone">Conntrack zone of its network.</param>
/// <param name="Pairs">Which addresses it may send from, with which MAC: fixed, allowed pairs, and the link-local ones.</param>
/// <param name="Stateful">Whether answers to allowed connections are allowed.</param>
internal sealed record PlannedPort(
    PortDocument Document, int Mark, int Zone, IReadOnlyList<AllowedPair> Pairs, IReadOnlyList<SecurityGroupDocument> Groups, bool Stateful)
{
    public string Tap => NetworkNames.Tap(Document.Id);

    /// <summary>Whether any rule applies to it at all.</summary>
    public bool Secured => Document.PortSecurityEnabled;

    /// <summary>Reads addresses; the first that is none is named in <paramref name="fault"/>.</summary>
    public static IReadOnlyList<AllowedPair> ReadPairs(PortDocument port, out string? fault)
    {
        fault = null;
        var pairs = new List<AllowedPair>();
        var addresses = port.FixedIps.Select(ip => (ip.IpAddress, port.MacAddress))
            .Concat(port.AllowedAddressPairs.Select(pair => (pair.IpAddress, pair.MacAddress)));
        foreach (var (address, mac) in addresses)
        {
            if (IpPrefix.TryParse(address, out var prefix) && MacAddress.TryParse(mac, out var parsed))
                pairs.Add(new(parsed, prefix.Network));
            else
                fault ??= $"\"{address}\" with \"{mac}\" is not an IP address and a MAC address.";
        }

        if (MacAddress.TryParse(port.MacAddress, out var own))
            pairs.Add(new(own, LinkLocal(own)));
        else
            fault ??= $"\"{port.MacAddress}\" is not a MAC address.";
        foreach (var other in pairs.Select(pair => pair.Mac).Distinct().ToList())
            pairs.Add(new(other, LinkLocal(other)));
        return [.. pairs.Distinct()];
    }

    private static IpPrefix LinkLocal(MacAddress mac) => new(mac.ToLinkLocal(), 128);
}

internal readonly record struct AllowedPair(MacAddress Mac, IpPrefix Prefix)
{
    public byte[] MacBytes
    {
        get
        {
            var bytes = new byte[MacAddress.Length];
            Mac.Write(bytes);
            return bytes;
        }
    }
}
