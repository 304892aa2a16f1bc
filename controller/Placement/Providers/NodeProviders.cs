using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Placement.Providers;

/// <summary>
/// Every node is a resource provider under its own id. Capacity follows the node's report; the ratio of a class is set once and then belongs
/// to the administrator, as Nova's <c>initial_…_allocation_ratio</c>.
/// </summary>
internal sealed class NodeProviders(Database database, TimeProvider clock) : INodeWatcher
{
    // The defaults of nova.conf in the release Debian 12 has: cpu_allocation_ratio 16.0; memory and disk are not given out twice.
    private const double VcpuRatio = 16.0;
    private const double NoOvercommit = 1.0;

    public Task OnNodeAsync(Node node, CancellationToken ct) =>
        node.Report is { } report ? database.WriteAsync((tx, token) => PutAsync(tx, node, report, token), ct) : Task.CompletedTask;

    private async Task PutAsync(Session tx, Node node, NodeReport report, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var name = await FreeNameAsync(tx, node, ct);
        var isNew = await tx.ExecuteAsync(
            """
            INSERT INTO placement_providers (id, name, generation, parent_id, root_id, created_at, updated_at)
            VALUES (@id, @name, 0, NULL, @id, @now, @now) ON CONFLICT (id) DO NOTHING
            """,
            ct, ("id", node.Id), ("name", name), ("now", now)) > 0;

        var hasChanged = await PutInventoryAsync(tx, node.Id, ResourceClasses.Vcpu, report.Cpu.Count, 0, VcpuRatio, ct);
        hasChanged |= await PutInventoryAsync(tx, node.Id, ResourceClasses.MemoryMb, report.MemoryMiB, report.ReservedMemoryMiB, NoOvercommit, ct);
        hasChanged |= await PutInventoryAsync(tx, node.Id, ResourceClasses.DiskGb, report.DiskGiB, 0, NoOvercommit, ct);
        hasChanged |= await PutTraitsAsync(tx, node.Id, NodeTraits.Of(report), ct);
        if (isNew || hasChanged)
            await tx.ExecuteAsync(
                "UPDATE placement_providers SET generation = generation + 1, name = @name, updated_at = @now WHERE id = @id",
                ct, ("id", node.Id), ("name", name), ("now", now));
    }

    // Names are unique, and anybody who may make providers can have taken this one: that must not keep a node from joining.
    private static async Task<string> FreeNameAsync(Session tx, Node node, CancellationToken ct) =>
        await ProviderStore.FindByNameAsync(tx, node.HostName, ct) is { } other && other.Id != node.Id ? $"{node.HostName} {node.Id}" : node.HostName;

    private static async Task<bool> PutInventoryAsync(
        Session tx, string id, string resourceClass, long total, long reserved, double initialRatio, CancellationToken ct) =>
        await tx.ExecuteAsync(
            """
            INSERT INTO placement_inventories (provider_id, resource_class, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
            VALUES (@id, @class, @total, @reserved, 1, @total, 1, @ratio)
            ON CONFLICT (provider_id, resource_class) DO UPDATE SET total = excluded.total, reserved = excluded.reserved, max_unit = excluded.max_unit
            WHERE placement_inventories.total <> excluded.total OR placement_inventories.reserved <> excluded.reserved
            """,
            ct, ("id", id), ("class", resourceClass), ("total", Math.Max(total, 1)), ("reserved", reserved), ("ratio", initialRatio)) > 0;

    // Traits an administrator gave the node stay; those that speak of the hardware follow the report.
    private static async Task<bool> PutTraitsAsync(Session tx, string id, IReadOnlySet<string> reported, CancellationToken ct)
    {
        var present = (await tx.ListAsync("SELECT trait FROM placement_provider_traits WHERE provider_id = @id",
            static row => row.String(0), ct, ("id", id))).ToHashSet();
        var gone = present.Where(trait => NodeTraits.IsReported(trait) && !reported.Contains(trait)).ToList();
        var added = reported.Except(present).ToList();
        foreach (var trait in gone)
            await tx.ExecuteAsync("DELETE FROM placement_provider_traits WHERE provider_id = @id AND trait = @trait", ct, ("id", id), ("trait", trait));
        foreach (var trait in added)
            await tx.ExecuteAsync("INSERT INTO placement_provider_traits (provider_id, trait) VALUES (@id, @trait)", ct, ("id", id), ("trait", trait));
        return gone.Count + added.Count > 0;
    }
}
