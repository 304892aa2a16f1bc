using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Grants;

/// <summary>A role given to a user or group on a project, a domain or the system.</summary>
/// <param name="ActorKind"><c>user</c> or <c>group</c>.</param>
/// <param name="TargetKind"><c>project</c>, <c>domain</c> or <c>system</c>.</param>
/// <param name="IsInherited">It counts on the projects below the target and not on the target itself.</param>
internal sealed record Grant(string ActorKind, string ActorId, string TargetKind, string TargetId, string RoleId, bool IsInherited)
{
    /// <summary>Target id of every grant on the system.</summary>
    public const string SystemId = "system";
}

/// <summary>Rows of grants.</summary>
internal static class GrantStore
{
    private const string OfGrant =
        "actor_kind = @actorKind AND actor_id = @actor AND target_kind = @targetKind AND target_id = @target AND role_id = @role AND inherited = @inherited";

    /// <summary>False: it was there.</summary>
    public static async Task<bool> InsertAsync(Session tx, Grant grant, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
        VALUES (@actorKind, @actor, @targetKind, @target, @role, @inherited) ON CONFLICT DO NOTHING
        """, ct, Bind(grant)) > 0;

    public static async Task<bool> ExistsAsync(Session tx, Grant grant, CancellationToken ct) =>
        await tx.CountAsync($"SELECT COUNT(*) FROM identity_assignments WHERE {OfGrant}", ct, Bind(grant)) > 0;

    /// <summary>False: there was no such grant.</summary>
    public static async Task<bool> DeleteAsync(Session tx, Grant grant, CancellationToken ct) =>
        await tx.ExecuteAsync($"DELETE FROM identity_assignments WHERE {OfGrant}", ct, Bind(grant)) > 0;

    /// <summary>All roles that the user itself was given on projects.</summary>
    public static Task DeleteOfProjectsAsync(Session tx, string userId, CancellationToken ct) => tx.ExecuteAsync(
        "DELETE FROM identity_assignments WHERE actor_kind = 'user' AND actor_id = @user AND target_kind = 'project' AND inherited = 0",
        ct, ("user", userId));

    // Ids in paths may hold anything, quotes too: the detail is written as JSON, not put together.
    public static Task LogAsync(IdentityDatabase database, Session tx, Actor actor, Grant grant, string action, CancellationToken ct)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString(grant.ActorKind + "_id", grant.ActorId);
            writer.WriteString(grant.TargetKind + "_id", grant.TargetId);
            writer.WriteBoolean("inherited_to_projects", grant.IsInherited);
            writer.WriteEndObject();
        }

        return database.LogAsync(tx, actor, "role_assignment", grant.RoleId, action, ct, System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static Parameter[] Bind(Grant grant) =>
    [
        ("actorKind", grant.ActorKind), ("actor", grant.ActorId), ("targetKind", grant.TargetKind), ("target", grant.TargetId), ("role", grant.RoleId),
        ("inherited", grant.IsInherited),
    ];
}
