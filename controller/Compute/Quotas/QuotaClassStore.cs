using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>
/// Limits by class. The class <c>default</c> is what every project has that was given nothing else; Nova keeps others and applies them to
/// nobody (nova/quota.py, get_class_quotas).
/// </summary>
internal static class QuotaClassStore
{
    public const string Default = "default";

    public const string Table =
        """
        CREATE TABLE compute_quota_classes (
            class_name TEXT NOT NULL, resource TEXT NOT NULL, hard_limit BIGINT NOT NULL,
            PRIMARY KEY (class_name, resource));
        """;

    /// <summary>All limits of a class, in <see cref="QuotaLimits.All"/>'s order; what was not set is as for a new site.</summary>
    public static async Task<IReadOnlyList<(string Resource, long Limit)>> ListLimitsAsync(Session tx, string className, CancellationToken ct)
    {
        var rows = (await tx.ListAsync(
            "SELECT resource, hard_limit FROM compute_quota_classes WHERE class_name = @class",
            static row => (Resource: row.String(0), Limit: row.Int64(1)), ct, ("class", className)))
            .ToDictionary(static row => row.Resource, static row => row.Limit);
        return [.. QuotaLimits.All.Select(entry => (entry.Resource, rows.GetValueOrDefault(entry.Resource, entry.Default)))];
    }

    public static async Task SetAsync(Session tx, string className, IReadOnlyDictionary<string, long> limits, CancellationToken ct)
    {
        foreach (var (resource, limit) in limits)
        {
            await tx.ExecuteAsync(
                """
                INSERT INTO compute_quota_classes (class_name, resource, hard_limit) VALUES (@class, @resource, @limit)
                ON CONFLICT (class_name, resource) DO UPDATE SET hard_limit = excluded.hard_limit
                """,
                ct, ("class", className), ("resource", resource), ("limit", limit));
        }
    }
}
