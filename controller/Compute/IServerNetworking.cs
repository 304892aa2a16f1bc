using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>
/// What Compute asks of the network; declared here, implemented by Networking. Everything happens in the caller's transaction, so a server
/// and its ports appear and vanish together. Faults are words for the tenant with the kind Nova's status follows from:
/// <see cref="FaultKind.Invalid"/> 400, <see cref="FaultKind.Forbidden"/> and <see cref="FaultKind.OverQuota"/> 403,
/// <see cref="FaultKind.NotFound"/> 404, <see cref="FaultKind.Conflict"/> 409.
/// </summary>
internal interface IServerNetworking
{
    /// <summary>
    /// Checks what a create or attach request asks for, before a node is chosen. Behaviour: nova/network/neutron.py
    /// (validate_networks, _get_available_networks) and the answers of nova/api/openstack/compute/servers.py: unknown network or port, a
    /// port without fixed IPs, a network without subnets, an address outside or in use, an unknown security group: <c>Invalid</c>; a port
    /// in use, several networks to choose from ("Multiple possible networks found, use a Network ID to be more specific."), several
    /// groups of one name: <c>Conflict</c>; an external network without <see cref="NetworkRequest.MayAttachExternal"/>: <c>Forbidden</c>;
    /// port quota: <c>OverQuota</c>.
    /// </summary>
    /// <param name="serverCount">Servers of the request: more than one forbids named ports and fixed addresses.</param>
    Task<Outcome<NetworkPlan>> PlanAsync(Session tx, Caller caller, NetworkRequest request, int serverCount, CancellationToken ct);

    /// <summary>
    /// Creates the ports of the plan, or adopts those it names, bound to the server and its node. NICs in order. Called once a server.
    /// </summary>
    Task<Outcome<IReadOnlyList<ServerPort>>> CreatePortsAsync(
        Session tx, Caller caller, ServerOnNetwork server, NetworkPlan plan, CancellationToken ct);

    /// <summary>Deletes the ports that were created for the server and unbinds the others. Idempotent.</summary>
    Task ReleasePortsAsync(Session tx, string serverId, CancellationToken ct);

    /// <summary>Deletes or unbinds one port of the server; NotFound ("Port X is not attached to server") when it is no port of the server.</summary>
    Task<Fault?> DetachAsync(Session tx, string serverId, string portId, CancellationToken ct);

    /// <summary>Ports of one server in NIC order.</summary>
    Task<IReadOnlyList<ServerPort>> ListPortsAsync(Session tx, string serverId, CancellationToken ct);

    /// <summary>
    /// Addresses of many servers with a fixed number of queries: a server's NICs in order, fixed addresses before the floating ones that
    /// lead to them. Servers without any are absent.
    /// </summary>
    Task<IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>> ListAddressesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct);

    /// <summary>Names of the security groups on the ports of many servers, one query; a name once per server. Servers without any are absent.</summary>
    Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ListSecurityGroupNamesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct);

    /// <summary>The security groups on a server's ports, with their rules.</summary>
    Task<IReadOnlyList<ServerSecurityGroup>> ListSecurityGroupsAsync(Session tx, string serverId, CancellationToken ct);

    /// <summary>Ids of servers that have a port with an address matching a regular expression (Nova's <c>ip</c> and <c>ip6</c> filters).</summary>
    /// <param name="projectId">Null: of all projects.</param>
    Task<IReadOnlySet<string>> ListServersByAddressAsync(Session tx, string? projectId, int ipVersion, string pattern, CancellationToken ct);

    /// <summary>
    /// Adds a security group (name or id) to every port of the server. NotFound: "Security group X not found for project Y."; Conflict:
    /// several of that name; Invalid: the server has no port that takes groups.
    /// </summary>
    Task<Fault?> AddSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct);

    /// <summary>
    /// Takes a security group off every port of the server. NotFound: no such group, or "Security group X not associated with the
    /// instance Y".
    /// </summary>
    Task<Fault?> RemoveSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct);

    /// <summary>
    /// Registers what runs, inside the changing transaction, when something other than this interface changed which ports a server has or
    /// which groups they are in (a port deleted or updated through the Networking API). Call before serving.
    /// </summary>
    void OnServerPortsChanged(Func<Session, string, CancellationToken, Task> changed);
}

/// <summary>The <c>networks</c> and <c>security_groups</c> of a request.</summary>
/// <param name="SecurityGroups">Names or ids, for ports that are created; empty: the project's default group.</param>
/// <param name="MayAttachExternal">Policy <c>network:attach_external_network</c>.</param>
internal sealed record NetworkRequest(
    NetworkChoice Choice, IReadOnlyList<RequestedNic> Nics, IReadOnlyList<string> SecurityGroups, bool MayAttachExternal);

internal enum NetworkChoice
{
    /// <summary>Nothing said: the project's only network, none when it has none, a Conflict when it has several.</summary>
    Default,

    /// <summary><c>auto</c>: as <see cref="Default"/>, but none is not enough.</summary>
    Auto,

    /// <summary><c>none</c>: no NIC.</summary>
    None,

    /// <summary>The <see cref="NetworkRequest.Nics"/>.</summary>
    Listed,
}

/// <summary>One requested NIC; exactly one of <paramref name="NetworkId"/> and <paramref name="PortId"/> is set.</summary>
internal sealed record RequestedNic(string? NetworkId, string? PortId, string? FixedIp, string? Tag);

/// <summary>What <see cref="IServerNetworking.PlanAsync"/> decided.</summary>
/// <param name="SecurityGroupIds">For created ports.</param>
internal sealed record NetworkPlan(IReadOnlyList<PlannedNic> Nics, IReadOnlyList<string> SecurityGroupIds)
{
    public static readonly NetworkPlan Empty = new([], []);
}

/// <param name="PortId">An existing port to adopt; null: create one.</param>
internal sealed record PlannedNic(string NetworkId, string? PortId, string? FixedIp, string? Tag);

/// <summary>The server that ports are bound to.</summary>
/// <param name="NodeId">Null: none was found; ports are not bound.</param>
/// <param name="NodeName">For <c>binding:host_id</c>.</param>
/// <param name="HostName">DNS label for DHCP.</param>
/// <param name="AvailabilityZone">For <c>device_owner</c> <c>compute:{zone}</c>.</param>
internal sealed record ServerOnNetwork(
    string ServerId, string ProjectId, string? NodeId, string? NodeName, string HostName, string AvailabilityZone);

/// <summary>A port of a server.</summary>
/// <param name="Status"><c>ACTIVE</c> once the node reports it wired, <c>DOWN</c> before, <c>BUILD</c> or <c>ERROR</c>.</param>
/// <param name="FixedIps">Subnet and address.</param>
internal sealed record ServerPort(
    string PortId, string NetworkId, string NetworkName, string MacAddress, string Status, IReadOnlyList<(string SubnetId, string IpAddress)> FixedIps,
    string? Tag);

/// <param name="Version">4 or 6.</param>
/// <param name="IsFloating">A floating address that leads to the port, else one of its own.</param>
internal sealed record ServerAddress(string NetworkName, string Address, int Version, string MacAddress, bool IsFloating);

internal sealed record ServerSecurityGroup(
    string Id, string Name, string Description, string ProjectId, IReadOnlyList<ServerSecurityGroupRule> Rules);

/// <summary>An ingress rule, as the compute API words it.</summary>
/// <param name="Protocol">Name or number; null: any.</param>
/// <param name="RemoteGroupName">Set, with its project, when the rule names a group instead of a CIDR.</param>
internal sealed record ServerSecurityGroupRule(
    string Id, string? Protocol, int? FromPort, int? ToPort, string? Cidr, string? RemoteGroupName, string? RemoteGroupProjectId);
