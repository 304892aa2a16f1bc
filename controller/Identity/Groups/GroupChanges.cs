using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Groups;

/// <summary>Making, changing and deleting groups and memberships.</summary>
internal sealed class GroupChanges(IdentityContext context)
{
    public async Task<Outcome<Group>> CreateAsync(Actor actor, string domainId, JsonElement body, CancellationToken ct)
    {
        var isReadOnly = await context.Directories.FindAsync(domainId, ct) is not null;
        return await context.Database.TryWriteAsync<Group>(async (tx, token) =>
        {
            if (await ProjectJson.Domains.FindAsync(tx, domainId, token) is not { IsDomain: true })
                return IdentityFaults.NotFound("domain", domainId);
            if (isReadOnly)
                return IdentityFaults.ReadOnly;
            var group = Apply(new Group(Ids.New(), domainId, "", "", Extra.None), body);
            var inserted = await tx.ExecuteAsync(
                """
                INSERT INTO identity_groups (id, domain_id, name, description, extra) VALUES (@id, @domain, @name, @description, @extra)
                ON CONFLICT DO NOTHING
                """, token, Bind(group));
            if (inserted == 0)
                return NameTaken(group);
            await context.Database.LogAsync(tx, actor, "group", group.Id, "create", token);
            return group;
        }, ct);
    }

    public Task<Outcome<Group>> UpdateAsync(Actor actor, string id, JsonElement body, CancellationToken ct) =>
        context.Database.TryWriteAsync<Group>(async (tx, token) =>
        {
            if (await GroupJson.Groups.FindAsync(tx, id, token) is not { } group)
                return IdentityFaults.NotFound("group", id);
            if (body.Has("domain_id") && body.StringOrNull("domain_id") != group.DomainId)
                return IdentityFaults.Invalid("Cannot change Domain ID");
            if (group.IsMirrored)
                return IdentityFaults.ReadOnly;
            var updated = Apply(group, body);
            if (await tx.CountAsync("SELECT COUNT(*) FROM identity_groups WHERE domain_id = @domain AND name = @name AND mirrored = '' AND id <> @id", token,
                ("domain", updated.DomainId), ("name", updated.Name), ("id", id)) > 0)
                return NameTaken(updated);
            await tx.ExecuteAsync(
                "UPDATE identity_groups SET domain_id = @domain, name = @name, description = @description, extra = @extra WHERE id = @id", token, Bind(updated));
            await context.Database.LogAsync(tx, actor, "group", id, "update", token);
            return updated;
        }, ct);

    public Task<Fault?> DeleteAsync(Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await GroupJson.Groups.FindAsync(tx, id, token) is not { } group)
            return IdentityFaults.NotFound("group", id);
        if (group.IsMirrored)
            return IdentityFaults.ReadOnly;
        await tx.ExecuteAsync("DELETE FROM identity_assignments WHERE actor_kind = 'group' AND actor_id = @id", token, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_memberships WHERE group_id = @id", token, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE group_id = @id", token, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_groups WHERE id = @id", token, ("id", id));
        await context.Database.LogAsync(tx, actor, "group", id, "delete", token);
        return null;
    }, ct);

    /// <summary>Repeating it changes nothing.</summary>
    public Task<Fault?> AddMemberAsync(Actor actor, string groupId, string userId, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await CheckBothAsync(tx, groupId, userId, isChange: true, token) is { } refused)
            return refused;
        await tx.ExecuteAsync("INSERT INTO identity_memberships (group_id, user_id) VALUES (@group, @user) ON CONFLICT DO NOTHING",
            token, ("group", groupId), ("user", userId));
        await context.Database.LogAsync(tx, actor, "group", groupId, "add_user", token, $$"""{"user_id":"{{userId}}"}""");
        return null;
    }, ct);

    public Task<Fault?> RemoveMemberAsync(Actor actor, string groupId, string userId, CancellationToken ct) =>
        context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckBothAsync(tx, groupId, userId, isChange: true, token) is { } refused)
                return refused;
            var removed = await tx.ExecuteAsync("DELETE FROM identity_memberships WHERE group_id = @group AND user_id = @user",
                token, ("group", groupId), ("user", userId));
            if (removed == 0)
                return NotMember(groupId, userId);
            await context.Database.LogAsync(tx, actor, "group", groupId, "remove_user", token, $$"""{"user_id":"{{userId}}"}""");
            return null;
        }, ct);

    /// <summary>Who is a member by the word of its identity provider is one too.</summary>
    public Task<Fault?> CheckMemberAsync(string groupId, string userId, CancellationToken ct) => context.Database.ReadAsync<Fault?>(async (tx, token) =>
    {
        if (await CheckBothAsync(tx, groupId, userId, isChange: false, token) is { } refused)
            return refused;
        var count = await tx.CountAsync(
            """
            SELECT (SELECT COUNT(*) FROM identity_memberships WHERE group_id = @group AND user_id = @user)
                + (SELECT COUNT(*) FROM identity_federated_groups WHERE group_id = @group AND user_id = @user AND expires_at > @now)
            """, token, ("group", groupId), ("user", userId), ("now", context.Clock.GetUtcNow()));
        return count > 0 ? null : NotMember(groupId, userId);
    }, ct);

    private static async Task<Fault?> CheckBothAsync(Session tx, string groupId, string userId, bool isChange, CancellationToken ct)
    {
        if (await UserJson.Users.FindAsync(tx, userId, ct) is not { } user)
            return IdentityFaults.NotFound("user", userId);
        if (await GroupJson.Groups.FindAsync(tx, groupId, ct) is not { } group)
            return IdentityFaults.NotFound("group", groupId);
        if (user.IsMirrored != group.IsMirrored || (user.IsMirrored && user.DomainId != group.DomainId))
            return new Fault(FaultKind.Forbidden,
                $"Group membership across backend boundaries is not allowed. Group in question is {groupId}, user is {userId}.");
        return isChange && group.IsMirrored ? IdentityFaults.ReadOnly : null;
    }

    private static Group Apply(Group group, JsonElement body) => group with
    {
        Name = body.Text("name", group.Name)!,
        Description = body.Text("description", group.Description) ?? "",
        Extra = Extra.Merge(group.Extra, body, GroupJson.Known),
    };

    private static Fault NotMember(string groupId, string userId) => new(FaultKind.NotFound, $"User '{userId}' not found in group '{groupId}'.");

    private static Fault NameTaken(Group group) =>
        IdentityFaults.Conflict("group", $"Duplicate entry found with name {group.Name} at domain ID {group.DomainId}");

    private static Parameter[] Bind(Group group) =>
        [("id", group.Id), ("domain", group.DomainId), ("name", group.Name), ("description", group.Description), ("extra", group.Extra)];
}
