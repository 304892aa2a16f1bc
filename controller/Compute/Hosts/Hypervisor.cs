using Appliance.Controller.Data;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>A node's capacity and load, as the hypervisor views show it.</summary>
/// <param name="Servers">Names and ids of the servers on it.</param>
internal sealed record Hypervisor(ComputeHost Host, ProviderUse? Use, IReadOnlyList<(string Id, string InstanceName)> Servers, int Tasks)
{
    public long Vcpus => Total("VCPU");
    public long VcpusUsed => Used("VCPU");
    public long MemoryMiB => Total("MEMORY_MB");
    /// <summary>With what is kept for the node itself, as upstream counts.</summary>
    public long MemoryUsedMiB => Used("MEMORY_MB") + Reserved("MEMORY_MB");
    public long DiskGiB => Total("DISK_GB");
    public long DiskUsedGiB => Used("DISK_GB") + Reserved("DISK_GB");

    /// <summary>The driver that servers here run with: the first that is usable.</summary>
    public DriverReport? Driver => Host.Node.Report?.Drivers.FirstOrDefault(static driver => driver.IsUsable);

    /// <summary>As libvirt numbers versions: 7.2.9 is 7002009; 0 when the driver has none.</summary>
    public int DriverVersion
    {
        get
        {
            var parts = (Driver?.Version ?? "").Split('.', 3);
            return parts.Length < 2 ? 0 : (Number(parts[0]) * 1_000_000) + (Number(parts[1]) * 1000) + (parts.Length > 2 ? Number(parts[2]) : 0);
        }
    }

    private static int Number(string text) =>
        int.TryParse(text.TakeWhile(char.IsAsciiDigit).ToArray(), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private long Total(string name) => Use is not null && Use.Classes.TryGetValue(name, out var entry) ? entry.Total : 0;
    private long Used(string name) => Use is not null && Use.Classes.TryGetValue(name, out var entry) ? entry.Used : 0;
    private long Reserved(string name) => Use is not null && Use.Classes.TryGetValue(name, out var entry) ? entry.Reserved : 0;
}

/// <summary>Puts nodes, claims and servers together.</summary>
internal sealed class HypervisorStore(HostStore hosts, IResourceClaims claims)
{
    public async Task<List<Hypervisor>> ListAsync(Session tx, CancellationToken ct)
    {
        var uses = (await claims.ListUseAsync(tx, ct)).ToDictionary(static use => use.ProviderId);
        var servers = (await tx.ListAsync(
            "SELECT node_id, id, number, task_state FROM servers WHERE deleted_at IS NULL AND node_id IS NOT NULL ORDER BY number",
            static row => (Node: row.String(0), Id: row.String(1), Number: row.Int64(2), IsBusy: row.NullableString(3) is not null), ct))
            .ToLookup(static server => server.Node);
        return [.. (await hosts.ListAsync(tx, ct)).Where(static host => host.Number > 0).Select(host => new Hypervisor(
            host, uses.GetValueOrDefault(host.Node.Id),
            [.. servers[host.Node.Id].Select(static server => (server.Id, string.Create(CultureInfo.InvariantCulture, $"instance-{server.Number:x8}")))],
            servers[host.Node.Id].Count(static server => server.IsBusy)))];
    }
}
