using System.Net;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;

namespace Appliance.Agent.Network.Plan;

/// <summary>Every kernel object that the documents ask for. Made by <see cref="NodePlanner"/>, brought about by <c>Apply/</c>.</summary>
/// <param name="Links">In the agent's namespace; a link comes after the bridge it is a port of.</param>
/// <param name="Tables">In the agent's namespace.</param>
/// <param name="HostForwarding">Whether this machine itself must route (it masquerades a provider network).</param>
/// <param name="Faults">Why a document cannot be fulfilled, as far as the documents and options tell.</param>
internal sealed record NodePlan(
    IReadOnlyList<PlannedLink> Links,
    IReadOnlyList<PlannedForwarding> Forwarding,
    IReadOnlyList<PlannedNamespace> Namespaces,
    IReadOnlyList<NftTable> Tables,
    bool HostForwarding,
    IReadOnlyDictionary<DocumentKey, string> Faults);

/// <param name="Bridge">The bridge it is a port of; null for none.</param>
/// <param name="Up">False for what its owner switched off.</param>
/// <param name="Alias">Kept by the kernel with the link: see <see cref="LinkAlias"/>.</param>
/// <param name="Owner">The document that suffers when the link cannot be made.</param>
internal abstract record PlannedLink(string Name, int Mtu, string? Bridge, bool Up, string Alias, DocumentKey Owner);

internal sealed record PlannedBridge(string Name, int Mtu, string Alias, DocumentKey Owner)
    : PlannedLink(Name, Mtu, null, true, Alias, Owner);

/// <summary>A port's TAP. A device of that name which somebody made already is used as it is, whatever its kind.</summary>
internal sealed record PlannedTap(string Name, int Mtu, string Bridge, bool Up, string Alias, DocumentKey Owner)
    : PlannedLink(Name, Mtu, Bridge, Up, Alias, Owner);

internal sealed record PlannedVxlan(string Name, int Mtu, string Bridge, string Alias, DocumentKey Owner, VxlanAttributes Attributes)
    : PlannedLink(Name, Mtu, Bridge, true, Alias, Owner);

/// <param name="PeerNamespace">Named namespace of the other end; null: the agent's own.</param>
/// <param name="PeerMac">Null: the kernel's choice.</param>
internal sealed record PlannedVeth(
    string Name, int Mtu, string Bridge, string Alias, DocumentKey Owner, string PeerName, string? PeerNamespace, string? PeerMac)
    : PlannedLink(Name, Mtu, Bridge, true, Alias, Owner);

/// <summary>The other end of a <see cref="PlannedVeth"/> in the agent's own namespace.</summary>
/// <param name="Addresses">Of this machine, on a provider network.</param>
internal sealed record PlannedPeer(string Name, int Mtu, string? Bridge, string Alias, DocumentKey Owner, IReadOnlyList<IpPrefix> Addresses)
    : PlannedLink(Name, Mtu, Bridge, true, Alias, Owner);

/// <summary>An interface of the operator's that becomes a port of a provider network's bridge; it is never made or removed.</summary>
internal sealed record PlannedUplink(string Name, int Mtu, string Bridge, DocumentKey Owner)
    : PlannedLink(Name, Mtu, Bridge, true, "", Owner);

/// <summary>A permanent forwarding entry; <see cref="ForwardingEntry"/> with the link by name.</summary>
internal sealed record PlannedForwarding(string Link, string Mac, IPAddress? Vtep);

/// <summary>A named namespace with what is inside; its links are made as peers of <see cref="PlannedVeth"/>.</summary>
/// <param name="Sysctls">Path below /proc/sys/net → value; those of "default" take effect on links made later, so they are written first.</param>
/// <param name="Tables">nf_tables tables of the namespace.</param>
internal sealed record PlannedNamespace(
    string Name, DocumentKey Owner, IReadOnlyList<KeyValuePair<string, string>> Sysctls, IReadOnlyList<PlannedInterface> Interfaces,
    IReadOnlyList<PlannedRoute> Routes, IReadOnlyList<NftTable> Tables, RouterTranslation? Translation);

/// <param name="Addresses">All addresses of the link but the link-local one it makes itself; new ones are announced to the network.</param>
internal sealed record PlannedInterface(string Name, string Mac, int Mtu, IReadOnlyList<IpPrefix> Addresses);

/// <param name="NextHop">Null: the destination is on the link.</param>
/// <param name="OnLink">The next hop is on the link although no address says so.</param>
internal sealed record PlannedRoute(IpPrefix Destination, IPAddress? NextHop, string Interface, bool OnLink);

/// <summary>What address translation of a router a tracked connection may still be under.</summary>
/// <param name="Floating">Floating address → fixed address.</param>
/// <param name="External">The router's own external address when it translates sources; null otherwise.</param>
internal sealed record RouterTranslation(IReadOnlyDictionary<IPAddress, IPAddress> Floating, IPAddress? External);
