using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Rows of what consumers hold.</summary>
internal static class AllocationStore
{
    private const string Select =
        """
        SELECT a.consumer_id, a.provider_id, p.generation, a.resource_class, a.used FROM placement_allocations a
        JOIN placement_providers p ON p.id = a.provider_id
        """;

    public static Task<List<Allocation>> ListOfConsumerAsync(Session tx, string consumerId, CancellationToken ct) =>
        tx.ListAsync($"{Select} WHERE a.consumer_id = @id ORDER BY a.provider_id, a.resource_class", Map, ct, ("id", consumerId));

    public static Task<List<Allocation>> ListOfProviderAsync(Session tx, string providerId, CancellationToken ct) =>
        tx.ListAsync($"{Select} WHERE a.provider_id = @id ORDER BY a.consumer_id, a.resource_class", Map, ct, ("id", providerId));

    public static Task InsertAsync(Session tx, string consumerId, string providerId, string resourceClass, long used, CancellationToken ct) =>
        tx.ExecuteAsync(
            "INSERT INTO placement_allocations (consumer_id, provider_id, resource_class, used) VALUES (@id, @provider, @class, @used)",
            ct, ("id", consumerId), ("provider", providerId), ("class", resourceClass), ("used", used));

    /// <summary>Takes all from a consumer, which stays; answers the number of allocations.</summary>
    public static Task<int> DeleteOfConsumerAsync(Session tx, string consumerId, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM placement_allocations WHERE consumer_id = @id", ct, ("id", consumerId));

    private static Allocation Map(Row row) => new(row.String(0), row.String(1), row.Int64(2), row.String(3), row.Int64(4));
}
