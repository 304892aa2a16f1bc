using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>What Compute asks of Placement.</summary>
internal sealed class ResourceClaims(TimeProvider clock) : IResourceClaims
{
    private const string ServerConsumer = "INSTANCE";

    public async Task<IReadOnlyList<ProviderVerdict>> ListCandidatesAsync(Session tx, ResourceRequest request, CancellationToken ct) =>
        [.. (await ProviderStates.ListAsync(tx, ct)).Select(provider => new ProviderVerdict(
            provider.Id, provider.Name, ClaimRules.Lacks(provider, request), FreeMemory(provider)))];

    public async Task<Fault?> ClaimAsync(Session tx, ResourceConsumer consumer, string providerId, ResourceRequest request, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await tx.ExecuteAsync(
            """
            INSERT INTO placement_consumers (id, project_id, user_id, generation, type, created_at, updated_at)
            VALUES (@id, @project, @user, 1, @type, @now, @now)
            """,
            ct, ("id", consumer.Id), ("project", consumer.ProjectId), ("user", consumer.UserId), ("type", ServerConsumer), ("now", now));
        foreach (var (resourceClass, amount) in request.Resources)
        {
            await tx.ExecuteAsync(
                "INSERT INTO placement_allocations (consumer_id, provider_id, resource_class, used) VALUES (@id, @provider, @class, @used)",
                ct, ("id", consumer.Id), ("provider", providerId), ("class", resourceClass), ("used", amount));
        }

        // Others decide on what they read of the provider; a new generation makes a stale decision lose.
        var changed = await tx.ExecuteAsync("UPDATE placement_providers SET generation = generation + 1, updated_at = @now WHERE id = @id",
            ct, ("id", providerId), ("now", now));
        return changed > 0 ? null : new Fault(FaultKind.Conflict, $"No resource provider with uuid {providerId} found");
    }

    public Task ReleaseAsync(Session tx, string consumerId, CancellationToken ct) => AllocationStore.DeleteConsumerAsync(tx, consumerId, ct);

    public async Task<IReadOnlyList<ProviderUse>> ListUseAsync(Session tx, CancellationToken ct) =>
        [.. (await ProviderStates.ListAsync(tx, ct)).Select(static provider => new ProviderUse(provider.Id, provider.Name,
            provider.Inventories.ToDictionary(
                static row => row.Inventory.ResourceClass,
                static row => (row.Inventory.Total, row.Inventory.Reserved, row.Inventory.Ratio, row.Used))))];

    private static long FreeMemory(ProviderState provider) => provider.Inventories
        .Where(static row => row.Inventory.ResourceClass == ResourceClasses.MemoryMb)
        .Sum(static row => row.Inventory.Capacity - row.Used);
}
