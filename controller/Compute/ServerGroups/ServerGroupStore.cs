using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.ServerGroups;

/// <summary>Rows of server groups.</summary>
internal static class ServerGroupStore
{
    public static readonly ComponentSchema Schema = new("compute_server_groups",
    [
        """
        CREATE TABLE server_groups (
            number {identity}, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL, policy TEXT NOT NULL,
            created_at BIGINT NOT NULL);
        CREATE INDEX server_groups_project ON server_groups (project_id);
        CREATE TABLE server_group_members (
            group_id TEXT NOT NULL REFERENCES server_groups (id) ON DELETE CASCADE, server_id TEXT NOT NULL, PRIMARY KEY (group_id, server_id));
        """,
    ]);

    /// <param name="projectId">Null: of all projects.</param>
    public static async Task<List<ServerGroup>> ListAsync(Session tx, string? projectId, CancellationToken ct)
    {
        var members = (await tx.ListAsync(
            """
            SELECT m.group_id, m.server_id FROM server_group_members m JOIN servers s ON s.id = m.server_id
            WHERE s.deleted_at IS NULL ORDER BY s.number
            """,
            static row => (Group: row.String(0), Server: row.String(1)), ct)).ToLookup(static row => row.Group, static row => row.Server);
        return await tx.ListAsync(
            """
            SELECT id, project_id, user_id, name, policy FROM server_groups WHERE @project = '' OR project_id = @project ORDER BY number
            """,
            row => new ServerGroup(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4), [.. members[row.String(0)]]),
            ct, ("project", projectId ?? ""));
    }

    public static async Task<ServerGroup?> FindAsync(Session tx, string id, CancellationToken ct)
    {
        var group = await tx.FindAsync("SELECT id, project_id, user_id, name, policy FROM server_groups WHERE id = @id",
            static row => new ServerGroup(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4), []), ct, ("id", id));
        return group is null ? null : group with
        {
            Members = await tx.ListAsync(
                """
                SELECT m.server_id FROM server_group_members m JOIN servers s ON s.id = m.server_id
                WHERE m.group_id = @id AND s.deleted_at IS NULL ORDER BY s.number
                """,
                static row => row.String(0), ct, ("id", id)),
        };
    }

    public static Task<long> CountAsync(Session tx, string projectId, CancellationToken ct) =>
        tx.CountAsync("SELECT COUNT(*) FROM server_groups WHERE project_id = @project", ct, ("project", projectId));

    public static Task InsertAsync(Session tx, ServerGroup group, DateTimeOffset now, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO server_groups (id, project_id, user_id, name, policy, created_at) VALUES (@id, @project, @user, @name, @policy, @now)
        """,
        ct, ("id", group.Id), ("project", group.ProjectId), ("user", group.UserId), ("name", group.Name), ("policy", group.Policy), ("now", now));

    public static Task AddMemberAsync(Session tx, string groupId, string serverId, CancellationToken ct) => tx.ExecuteAsync(
        "INSERT INTO server_group_members (group_id, server_id) VALUES (@group, @server)", ct, ("group", groupId), ("server", serverId));

    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM server_groups WHERE id = @id", ct, ("id", id));
}
