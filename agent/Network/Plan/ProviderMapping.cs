using System.Diagnostics.CodeAnalysis;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Plan;

/// <summary>How a provider label (Neutron's <c>provider:physical_network</c>) is reached from this node.</summary>
/// <param name="Interface">
/// An existing interface, which becomes a port of the network's bridge; an existing bridge, which gets connected to it; or, with a
/// <paramref name="HostAddress"/>, the name of an interface that the agent makes for this machine itself.
/// </param>
/// <param name="HostAddress">This machine's address on the network; null: the machine is not on it.</param>
/// <param name="Masquerade">Whether the network reaches the outside through this machine's own address (IPv4).</param>
internal sealed record ProviderMapping(string Label, string Interface, IpPrefix? HostAddress, bool Masquerade)
{
    private const int MaxInterfaceName = 15;

    /// <summary>Reads <c>public=eth1</c>, <c>public=br-ex</c>, <c>public=apub0,172.24.4.1/24</c> or <c>public=apub0,172.24.4.1/24,masquerade</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProviderMapping? mapping)
    {
        mapping = null;
        if (text.Split('=', 2) is not [{ Length: > 0 } label, var value])
            return false;

        var parts = value.Split(',');
        if (parts is not [{ Length: > 0 and <= MaxInterfaceName } name, ..] || parts.Length > 3)
            return false;
        if (parts.Length == 3 && parts[2] != "masquerade")
            return false;
        if (parts.Length == 1)
        {
            mapping = new(label, name, null, false);
            return true;
        }

        if (!IpPrefix.TryParse(parts[1], out var address) || address.IsHost)
            return false;
        mapping = new(label, name, address, parts.Length == 3);
        return true;
    }
}
