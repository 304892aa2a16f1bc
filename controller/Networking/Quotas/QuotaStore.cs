using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Quotas;

/// <summary>Limits a project has of its own, and how much it uses: a query over the resources themselves, never a counter.</summary>
internal static class QuotaStore
{
    public const string Ddl =
        "CREATE TABLE network_quotas (project_id TEXT NOT NULL, resource TEXT NOT NULL, quota_limit BIGINT NOT NULL, PRIMARY KEY (project_id, resource));";

    /// <summary>Null while the project stays within its limit with so many more.</summary>
    public static async Task<Fault?> CheckAsync(Session tx, string projectId, string resource, string table, int adding, CancellationToken ct)
    {
        if (!QuotaDefaults.Limits.TryGetValue(resource, out var limit))
            return null;
        limit = await FindLimitAsync(tx, projectId, resource, ct) ?? limit;
        if (limit < 0)
            return null;
        var used = await CountAsync(tx, projectId, table, ct);
        return used + adding > limit ? NeutronErrors.OverQuota(resource) : null;
    }

    public static Task<long> CountAsync(Session tx, string projectId, string table, CancellationToken ct) =>
        tx.CountAsync($"SELECT COUNT(*) FROM {table} WHERE project_id = @project", ct, ("project", projectId));

    public static Task<List<(string ProjectId, string Resource, long Limit)>> ListAsync(Session tx, CancellationToken ct) => tx.ListAsync(
        "SELECT project_id, resource, quota_limit FROM network_quotas ORDER BY project_id",
        static row => (row.String(0), row.String(1), row.Int64(2)), ct);

    public static Task SetAsync(Session tx, string projectId, string resource, long limit, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO network_quotas (project_id, resource, quota_limit) VALUES (@project, @resource, @limit)
        ON CONFLICT (project_id, resource) DO UPDATE SET quota_limit = excluded.quota_limit
        """,
        ct, ("project", projectId), ("resource", resource), ("limit", limit));

    /// <summary>Back to the defaults; false when the project had no limits of its own.</summary>
    public static async Task<bool> DeleteAsync(Session tx, string projectId, CancellationToken ct) =>
        await tx.ExecuteAsync("DELETE FROM network_quotas WHERE project_id = @project", ct, ("project", projectId)) > 0;

    private static async Task<long?> FindLimitAsync(Session tx, string projectId, string resource, CancellationToken ct) => await tx.FindAsync(
        "SELECT quota_limit FROM network_quotas WHERE project_id = @project AND resource = @resource",
        static row => (long?)row.Int64(0), ct, ("project", projectId), ("resource", resource));
}

/// <summary>Neutron's default limits (neutron/conf/quota.py, extensions/securitygroup.py, conf/db/l3_…); -1 is no limit.</summary>
internal static class QuotaDefaults
{
    public static readonly IReadOnlyDictionary<string, long> Limits = new Dictionary<string, long>
    {
        ["network"] = 100,
        ["subnet"] = 100,
        ["port"] = 500,
        ["router"] = 10,
        ["floatingip"] = 50,
        ["subnetpool"] = -1,
        ["security_group"] = 10,
        ["security_group_rule"] = 100,
    };

    /// <summary>The table whose rows count.</summary>
    public static string TableOf(string resource) => resource + "s";
}
