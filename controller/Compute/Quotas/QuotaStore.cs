using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>Limits that differ from the defaults are rows; use is counted in the servers themselves whenever it is asked for.</summary>
internal static class QuotaStore
{
    public static readonly ComponentSchema Schema = new("compute_quotas",
    [
        """
        CREATE TABLE compute_quotas (
            project_id TEXT NOT NULL, user_id TEXT NOT NULL, resource TEXT NOT NULL, hard_limit BIGINT NOT NULL,
            PRIMARY KEY (project_id, user_id, resource));
        """,
        QuotaClassStore.Table,
    ]);

    /// <summary>All limits of a project, in <see cref="QuotaLimits.All"/>'s order.</summary>
    /// <param name="userId">A user with limits of his own inside the project; null: the project's.</param>
    public static async Task<IReadOnlyList<(string Resource, long Limit)>> ListLimitsAsync(
        Session tx, string projectId, string? userId, CancellationToken ct)
    {
        var rows = (await tx.ListAsync(
            "SELECT resource, hard_limit FROM compute_quotas WHERE project_id = @project AND user_id = @user",
            static row => (Resource: row.String(0), Limit: row.Int64(1)), ct, ("project", projectId), ("user", "")))
            .ToDictionary(static row => row.Resource, static row => row.Limit);
        if (userId is not null)
        {
            foreach (var (resource, limit) in await tx.ListAsync(
                "SELECT resource, hard_limit FROM compute_quotas WHERE project_id = @project AND user_id = @user",
                static row => (row.String(0), row.Int64(1)), ct, ("project", projectId), ("user", userId)))
                rows[resource] = limit;
        }

        var defaults = await QuotaClassStore.ListLimitsAsync(tx, QuotaClassStore.Default, ct);
        return [.. defaults.Select(entry => (entry.Resource, rows.GetValueOrDefault(entry.Resource, entry.Limit)))];
    }

    /// <summary>Servers, cores and memory (MiB) of a project, or of one user in it.</summary>
    public static async Task<(long Instances, long Cores, long Ram)> CountAsync(Session tx, string projectId, string? userId, CancellationToken ct) =>
        await tx.FindAsync(
            """
            SELECT COUNT(*), COALESCE(SUM(vcpus), 0), COALESCE(SUM(memory_mib), 0) FROM servers
            WHERE project_id = @project AND deleted_at IS NULL AND (@user = '' OR user_id = @user)
            """,
            static row => (row.Int64(0), row.Int64(1), row.Int64(2)), ct, ("project", projectId), ("user", userId ?? ""));

    public static async Task SetAsync(
        Session tx, string projectId, string? userId, IReadOnlyDictionary<string, long> limits, CancellationToken ct)
    {
        foreach (var (resource, limit) in limits)
        {
            await tx.ExecuteAsync(
                """
                INSERT INTO compute_quotas (project_id, user_id, resource, hard_limit) VALUES (@project, @user, @resource, @limit)
                ON CONFLICT (project_id, user_id, resource) DO UPDATE SET hard_limit = excluded.hard_limit
                """,
                ct, ("project", projectId), ("user", userId ?? ""), ("resource", resource), ("limit", limit));
        }
    }

    /// <summary>Back to the defaults; with a user, only what was set for him.</summary>
    public static Task ResetAsync(Session tx, string projectId, string? userId, CancellationToken ct) => userId is null
        ? tx.ExecuteAsync("DELETE FROM compute_quotas WHERE project_id = @project", ct, ("project", projectId))
        : tx.ExecuteAsync("DELETE FROM compute_quotas WHERE project_id = @project AND user_id = @user", ct, ("project", projectId), ("user", userId));
}
