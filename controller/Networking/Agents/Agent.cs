using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Link;

namespace Appliance.Controller.Networking.Agents;

/// <summary>
/// A service of a node as Neutron's users know it: where OpenStack runs a daemon a kind on every host, one agent does all here, and is shown
/// as one entry a kind.
/// </summary>
/// <param name="Type"><c>agent_type</c>.</param>
internal sealed record Agent(string Id, string Type, string Binary, string Topic, Node Node)
{
    private static readonly (string Type, string Binary, string Topic)[] Kinds =
    [
        ("Linux bridge agent", "neutron-linuxbridge-agent", "N/A"),
        ("L3 agent", "neutron-l3-agent", "l3_agent"),
        ("DHCP agent", "neutron-dhcp-agent", "dhcp_agent"),
        ("Metadata agent", "neutron-metadata-agent", "N/A"),
    ];

    public static IEnumerable<Agent> Of(Node node) =>
        Kinds.Select(kind => new Agent(IdOf(node.Id, kind.Binary), kind.Type, kind.Binary, kind.Topic, node));

    // Stable without being stored: made of what it stands for.
    private static string IdOf(string nodeId, string binary) =>
        new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{nodeId}/{binary}")).AsSpan(0, 16)).ToString();
}
