using Appliance.Agent.Addresses;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>Everything one port's DHCPv4 answers say, encoded once when the documents change, so that answering allocates nothing.</summary>
/// <param name="Mac">The only client that is answered.</param>
/// <param name="Address">The port's address, as a big-endian number.</param>
/// <param name="Mtu">The network's, in bytes: no answer is longer.</param>
/// <param name="NextServer">The <c>siaddr</c> field; 0: none.</param>
/// <param name="ServerName">The <c>sname</c> field when the client does not ask for option 66; null: empty.</param>
/// <param name="BootFile">The <c>file</c> field when the client does not ask for option 67; null: empty.</param>
/// <param name="Options">Sent when asked for, at most one of each code, in the order that matters when the client names none.</param>
internal sealed record DhcpLease(
    MacAddress Mac, uint Address, uint SubnetMask, int Mtu, uint NextServer, byte[]? ServerName, byte[]? BootFile, DhcpOption[] Options)
{
    /// <summary>
    /// Who answers: the metadata address, which every node holds on every network. It is the same everywhere, so a moved guest renews with its
    /// new node; clients reach it by the route they get, and a renewal sent there passes the guest's TAP like any other.
    /// </summary>
    public const uint ServerIdentifier = 169u << 24 | 254u << 16 | 169u << 8 | 254u;

    /// <summary>One day: the default of Neutron's <c>dhcp_lease_duration</c>. Addresses belong to ports, so nothing depends on it running out.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(86400);

    public uint BroadcastAddress => Address | ~SubnetMask;

    public byte[]? Find(byte code)
    {
        foreach (var option in Options)
        {
            if (option.Code == code)
                return option.Value;
        }

        return null;
    }
}
