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
        [.. (await ProviderMap.LoadAsync(tx, ct)).All.Select(provider => new ProviderVerdict(
            provider.Id, provider.Name, ClaimRules.Lacks(provider, request), FreeMemory(provider)))];

    public async Task<Fault?> ClaimAsync(Session tx, ResourceConsumer consumer, string providerId, ResourceRequest request, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await ConsumerStore.PutAsync(tx, new Consumer(consumer.Id, consumer.ProjectId, consumer.UserId, 1, ServerConsumer, now), ct);
        foreach (var (resourceClass, amount) in request.Resources)
            await AllocationStore.InsertAsync(tx, consumer.Id, providerId, resourceClass, amount, ct);

        // Others decide on what they read of the provider; a new generation makes a stale decision lose.
        return await ProviderStore.BumpAsync(tx, providerId, now, ct) > 0
            ? null : new Fault(FaultKind.Conflict, PlacementRequest.NoProvider(providerId));
    }

    public async Task ReleaseAsync(Session tx, string consumerId, CancellationToken ct)
    {
        await AllocationStore.DeleteOfConsumerAsync(tx, consumerId, ct);
        await ConsumerStore.DeleteAsync(tx, consumerId, ct);
    }

    public async Task<IReadOnlyList<ProviderUse>> ListUseAsync(Session tx, CancellationToken ct) =>
        [.. (await ProviderMap.LoadAsync(tx, ct)).All.Select(static provider => new ProviderUse(provider.Id, provider.Name,
            provider.Inventories.ToDictionary(
                static row => row.Inventory.ResourceClass,
                static row => (row.Inventory.Total, row.Inventory.Reserved, row.Inventory.Ratio, row.Used))))];

    private static long FreeMemory(ProviderState provider) => provider.Inventories
        .Where(static row => row.Inventory.ResourceClass == ResourceClasses.MemoryMb)
        .Sum(static row => row.Inventory.Capacity - row.Used);
}
