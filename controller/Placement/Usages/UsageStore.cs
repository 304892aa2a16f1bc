using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Usages;

/// <summary>What the consumers of one type use of one class.</summary>
/// <param name="Type">Null: consumers whose type nobody has said.</param>
internal sealed record TypeUse(string? Type, string ResourceClass, long Used);

/// <summary>Sums over the allocations of a project, or of one of its users.</summary>
internal static class UsageStore
{
    private const string OfOwner = "WHERE c.project_id = @project AND (@user = '' OR c.user_id = @user)";

    /// <summary>Use by type and class.</summary>
    public static Task<List<TypeUse>> ListAsync(Session tx, string projectId, string? userId, CancellationToken ct) => tx.ListAsync(
        $"""
        SELECT c.type, a.resource_class, SUM(a.used) FROM placement_consumers c JOIN placement_allocations a ON a.consumer_id = c.id
        {OfOwner} GROUP BY c.type, a.resource_class ORDER BY c.type, a.resource_class
        """,
        static row => new TypeUse(row.NullableString(0), row.String(1), row.Int64(2)), ct, ("project", projectId), ("user", userId ?? ""));

    /// <summary>How many consumers of each type there are; each holds something.</summary>
    public static Task<List<(string? Type, long Count)>> CountConsumersAsync(Session tx, string projectId, string? userId, CancellationToken ct) =>
        tx.ListAsync($"SELECT c.type, COUNT(*) FROM placement_consumers c {OfOwner} GROUP BY c.type",
            static row => (row.NullableString(0), row.Int64(1)), ct, ("project", projectId), ("user", userId ?? ""));
}
