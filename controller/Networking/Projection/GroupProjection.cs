using Appliance.Controller.Data;
using Appliance.Controller.Networking.SecurityGroups;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Networking.Projection;

/// <summary>
/// Keeps each security group's rules on the nodes that have a port of the group, and the addresses of its members on the nodes where a
/// rule refers to them.
/// </summary>
internal sealed class GroupProjection(NodeDocuments documents)
{
    public async Task SyncAsync(Session tx, string groupId, CancellationToken ct)
    {
        var group = await SecurityGroupTable.Table.FindAsync(tx, groupId, ct);
        var rules = await SecurityGroupTable.Rules.ListAsync(tx, "r.group_id = @group ORDER BY r.created_at, r.id", ct, ("group", groupId));
        var users = await tx.ListAsync(
            """
            SELECT DISTINCT p.node_id FROM port_security_groups g JOIN ports p ON p.id = g.port_id WHERE g.group_id = @group AND p.node_id IS NOT NULL
            """, static row => row.String(0), ct, ("group", groupId));
        if (group is not null && users.Count > 0)
        {
            var document = new SecurityGroupDocument(group.Id, group.Stateful, [.. rules.Select(View)]);
            await documents.PutOnlyAsync(tx, users, DocumentKinds.SecurityGroup, groupId, document, ProtocolJson.Default.SecurityGroupDocument, ct);
        }
        else
        {
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.SecurityGroup, groupId, ct);
        }

        await SyncMembersAsync(tx, groupId, ct);
        foreach (var remote in rules.Select(static rule => rule.RemoteGroupId).OfType<string>().Distinct().Where(remote => remote != groupId))
            await SyncMembersAsync(tx, remote, ct);
    }

    private async Task SyncMembersAsync(Session tx, string groupId, CancellationToken ct)
    {
        var readers = await tx.ListAsync(
            """
            SELECT DISTINCT p.node_id FROM security_group_rules u JOIN port_security_groups g ON g.group_id = u.group_id
            JOIN ports p ON p.id = g.port_id WHERE u.remote_group_id = @group AND p.node_id IS NOT NULL
            """, static row => row.String(0), ct, ("group", groupId));
        if (readers.Count == 0)
        {
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.AddressSet, groupId, ct);
            return;
        }

        var document = new AddressSetDocument(groupId, await ListAddressesAsync(tx, groupId, ct));
        await documents.PutOnlyAsync(tx, readers, DocumentKinds.AddressSet, groupId, document, ProtocolJson.Default.AddressSetDocument, ct);
    }

    // What a member may send from, its own addresses and the pairs it is allowed.
    private static async Task<List<string>> ListAddressesAsync(Session tx, string groupId, CancellationToken ct)
    {
        var addresses = await tx.ListAsync(
            "SELECT a.ip_address FROM port_security_groups g JOIN ip_allocations a ON a.port_id = g.port_id WHERE g.group_id = @group",
            static row => row.String(0), ct, ("group", groupId));
        var pairs = await tx.ListAsync(
            "SELECT p.address_pairs FROM port_security_groups g JOIN ports p ON p.id = g.port_id WHERE g.group_id = @group AND p.address_pairs <> '[]'",
            static row => new JsonList<Ports.AddressPair>(row.String(0), NetworkingJson.Default.ListAddressPair), ct, ("group", groupId));
        addresses.AddRange(pairs.SelectMany(static list => list.Items).Select(static pair => pair.IpAddress));
        return [.. addresses.Distinct().Order(StringComparer.Ordinal)];
    }

    private static SecurityGroupRuleDocument View(SecurityGroupRule rule) => new(
        rule.Id, rule.Direction, rule.EtherType, IpProtocols.EffectiveNumber(rule.Protocol, rule.EtherType), rule.PortRangeMin, rule.PortRangeMax,
        rule.RemoteIpPrefix, rule.RemoteGroupId);
}
