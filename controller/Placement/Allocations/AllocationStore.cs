using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Rows of consumers and what they hold.</summary>
internal static class AllocationStore
{
    /// <summary>Deletes all that a consumer holds, and the consumer; false when it holds nothing.</summary>
    public static async Task<bool> DeleteConsumerAsync(Session tx, string consumerId, CancellationToken ct)
    {
        await tx.ExecuteAsync(
            """
            UPDATE placement_providers SET generation = generation + 1
            WHERE id IN (SELECT provider_id FROM placement_allocations WHERE consumer_id = @id)
            """,
            ct, ("id", consumerId));
        var rows = await tx.ExecuteAsync("DELETE FROM placement_allocations WHERE consumer_id = @id", ct, ("id", consumerId));
        await tx.ExecuteAsync("DELETE FROM placement_consumers WHERE id = @id", ct, ("id", consumerId));
        return rows > 0;
    }
}
