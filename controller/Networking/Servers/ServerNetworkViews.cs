using System.Text.RegularExpressions;
using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.SecurityGroups;

namespace Appliance.Controller.Networking.Servers;

/// <summary>What servers' views show of the network: a fixed number of queries, however many servers.</summary>
internal static class ServerNetworkViews
{
    // Finding named parameters costs the engine the square of their number: several statements are cheaper than one long one.
    private const int Batch = 64;

    // A tenant writes the expression: what takes longer than this on one address matches nothing.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(50);

    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>> ListAddressesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct)
    {
        var addresses = new Dictionary<string, IReadOnlyList<ServerAddress>>(serverIds.Count);
        foreach (var chunk in serverIds.Chunk(Batch))
        {
            var (list, parameters) = InList(chunk);
            var floating = (await tx.ListAsync(
                $"SELECT f.port_id, f.fixed_ip_address, f.address FROM floatingips f JOIN ports p ON p.id = f.port_id WHERE p.device_id IN ({list})",
                static row => (Port: row.String(0), Fixed: row.String(1), Address: row.String(2)), ct, parameters))
                .ToLookup(static row => (row.Port, row.Fixed), static row => row.Address);
            var ports = await tx.ListAsync(
                $"""
                SELECT p.device_id, p.id, n.name, p.mac_address, p.fixed_ips FROM ports p JOIN networks n ON n.id = p.network_id
                WHERE p.device_id IN ({list}) ORDER BY p.device_id, p.nic_order, p.created_at
                """,
                static row => (ServerId: row.String(0), Port: row.String(1), Network: row.String(2), Mac: row.String(3),
                    Ips: new JsonList<FixedIp>(row.String(4), NetworkingJson.Default.ListFixedIp)), ct, parameters);
            foreach (var port in ports)
                Add(addresses, port.ServerId, port.Ips.Items.SelectMany(ip => Of(port.Network, port.Mac, ip, floating[(port.Port, ip.IpAddress)])));
        }

        return addresses;
    }

    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ListSecurityGroupNamesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct)
    {
        var names = new Dictionary<string, IReadOnlyList<string>>(serverIds.Count);
        foreach (var chunk in serverIds.Chunk(Batch))
        {
            var (list, parameters) = InList(chunk);
            var rows = await tx.ListAsync(
                $"""
                SELECT DISTINCT p.device_id, s.name FROM ports p JOIN port_security_groups g ON g.port_id = p.id
                JOIN security_groups s ON s.id = g.group_id WHERE p.device_id IN ({list}) ORDER BY p.device_id, s.name
                """, static row => (ServerId: row.String(0), Name: row.String(1)), ct, parameters);
            foreach (var (server, name) in rows)
                Add(names, server, [name]);
        }

        return names;
    }

    public static async Task<IReadOnlyList<ServerSecurityGroup>> ListSecurityGroupsAsync(Session tx, string serverId, CancellationToken ct)
    {
        const string OfServer = "SELECT g.group_id FROM port_security_groups g JOIN ports p ON p.id = g.port_id WHERE p.device_id = @server";
        var groups = await SecurityGroupTable.Table.ListAsync(tx, $"r.id IN ({OfServer}) ORDER BY r.name, r.id", ct, ("server", serverId));
        var rules = (await SecurityGroupTable.Rules.ListAsync(tx, $"r.direction = 'ingress' AND r.group_id IN ({OfServer}) ORDER BY r.created_at, r.id",
            ct, ("server", serverId))).ToLookup(static rule => rule.GroupId);
        var remotes = (await SecurityGroupTable.Table.ListAsync(tx,
            $"r.id IN (SELECT u.remote_group_id FROM security_group_rules u WHERE u.group_id IN ({OfServer}))", ct, ("server", serverId)))
            .ToDictionary(static group => group.Id);
        return [.. groups.Select(group => new ServerSecurityGroup(group.Id, group.Name, group.Description, group.ProjectId,
            [.. rules[group.Id].Select(rule => View(rule, rule.RemoteGroupId is { } remote ? remotes.GetValueOrDefault(remote) : null))]))];
    }

    public static async Task<IReadOnlySet<string>> ListServersByAddressAsync(
        Session tx, string? projectId, int ipVersion, string pattern, CancellationToken ct)
    {
        var regex = new Regex(pattern, RegexOptions.CultureInvariant, MatchTimeout);
        var rows = await tx.ListAsync(
            $"""
            SELECT p.device_id, a.ip_address FROM ip_allocations a JOIN ports p ON p.id = a.port_id
            WHERE p.device_owner LIKE 'compute:%' {(projectId is null ? "" : "AND p.project_id = @project")}
            """, static row => (ServerId: row.String(0), Address: row.String(1)), ct, ("project", projectId));
        return rows.Where(row => (row.Address.Contains(':', StringComparison.Ordinal) ? 6 : 4) == ipVersion && Matches(regex, row.Address))
            .Select(static row => row.ServerId).ToHashSet();
    }

    private static bool Matches(Regex regex, string address)
    {
        try
        {
            return regex.IsMatch(address);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static IEnumerable<ServerAddress> Of(string network, string mac, FixedIp ip, IEnumerable<string> floating)
    {
        yield return new ServerAddress(network, ip.IpAddress, Ip.Parse(ip.IpAddress).Version, mac, IsFloating: false);
        foreach (var address in floating)
            yield return new ServerAddress(network, address, 4, mac, IsFloating: true);
    }

    private static void Add<T>(Dictionary<string, IReadOnlyList<T>> byServer, string server, IEnumerable<T> more) =>
        byServer[server] = byServer.TryGetValue(server, out var before) ? [.. before, .. more] : [.. more];

    // Repeats the last id up to the next power of two, so that few statement texts serve all counts.
    private static (string List, Parameter[] Parameters) InList(string[] ids)
    {
        var length = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)ids.Length);
        var parameters = new Parameter[length];
        for (var i = 0; i < length; i++)
            parameters[i] = (string.Create(CultureInfo.InvariantCulture, $"s{i}"), ids[Math.Min(i, ids.Length - 1)]);
        return (string.Join(", ", parameters.Select(static parameter => "@" + parameter.Name)), parameters);
    }

    private static ServerSecurityGroupRule View(SecurityGroupRule rule, SecurityGroup? remote) => new(
        rule.Id, rule.Protocol, rule.PortRangeMin, rule.PortRangeMax,
        remote is null ? rule.RemoteIpPrefix ?? (rule.EtherType == "IPv6" ? "::/0" : "0.0.0.0/0") : null, remote?.Name, remote?.ProjectId);
}
