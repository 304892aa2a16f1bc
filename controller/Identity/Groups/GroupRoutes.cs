using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Groups;

/// <summary><c>/v3/groups</c>. Source: keystone/api/groups.py.</summary>
internal sealed class GroupRoutes(IdentityContext context, GroupChanges changes)
{
    private static readonly FilterField[] Filters = [new("domain_id", "g.domain_id"), new("name", "g.name")];
    private static readonly FilterField[] MemberFilters =
        [new("domain_id", "u.domain_id"), new("enabled", "u.enabled", IsFlag: true), new("name", "u.name")];

    public void Map(ApiRoutes v3)
    {
        var groups = v3.Group("/groups");
        groups.ReadAsking("", "identity:list_groups", ListAsync);
        groups.Post("", CreateAsync).AllowInHandler("identity:create_group");
        groups.Read("/{group_id}", "identity:get_group", ShowAsync, FindTargetAsync);
        groups.Patch("/{group_id}", UpdateAsync).Allow("identity:update_group", FindTargetAsync);
        groups.Delete("/{group_id}", DeleteAsync).Allow("identity:delete_group", FindExistingAsync);
        groups.Read("/{group_id}/users", "identity:list_users_in_group", ListMembersAsync, FindTargetAsync);
        groups.Read("/{group_id}/users/{user_id}", "identity:check_user_in_group", CheckMemberAsync, FindTargetAsync);
        groups.Put("/{group_id}/users/{user_id}", AddMemberAsync).Allow("identity:add_user_to_group", FindTargetAsync);
        groups.Delete("/{group_id}/users/{user_id}", RemoveMemberAsync).Allow("identity:remove_user_from_group", FindTargetAsync);
    }

    // Whoever deletes what does not exist is told so, whatever its roles: as in Keystone.
    private async ValueTask<PolicyTarget> FindExistingAsync(ApiRequest request, CancellationToken ct)
    {
        var target = await FindTargetAsync(request, ct);
        return target.Attributes!.ContainsKey("target.group.domain_id")
            ? target
            : target with { Missing = IdentityFaults.NotFound("group", request.Path("group_id")) };
    }

    private async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct)
    {
        var (groupId, userId) = (request.Path("group_id"), request.Path("user_id"));
        var attributes = new Dictionary<string, string?>();
        await context.Directories.EnsureGroupAsync(groupId, ct);
        if (userId.Length > 0)
            await context.Directories.EnsureUserAsync(userId, Freshness.Live, ct);
        await context.Database.ReadAsync(async (tx, token) =>
        {
            if (await GroupJson.Groups.FindAsync(tx, groupId, token) is { } group)
                attributes["target.group.domain_id"] = group.DomainId;
            if (userId.Length > 0 && await UserJson.Users.FindAsync(tx, userId, token) is { } user)
                attributes["target.user.domain_id"] = user.DomainId;
            return true;
        }, ct);
        return new PolicyTarget(null, null, attributes);
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var domain = request.Caller.DomainId;
        if (context.Check(request, "identity:list_groups", ("target.group.domain_id", domain)) is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        if (DirectoryLists.FindDomain(context, request).Failed(out var noDomain, out var listed))
            return noDomain;
        if (domain is not null)
            query.And("g.domain_id = @ofDomain", ("ofDomain", domain));
        return await DirectoryLists.FindAsync(context, listed, domain, ct) is { } directory
            ? await DirectoryLists.GroupsAsync(context, request, query, directory, ct)
            : await GroupJson.Groups.ListAsync(context, request, DirectoryLists.OwnRows(context, query, "g", listed), ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "group", GroupJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (context.Check(request, "identity:create_group", ("target.group.domain_id", body.StringOrNull("domain_id"))) is { } refused)
            return refused;
        var domainId = body.StringOrNull("domain_id") ?? request.Caller.DomainId ?? Bootstrap.DefaultDomainId;
        return (await changes.CreateAsync(request.Actor, domainId, body, ct)).Failed(out var fault, out var group)
            ? fault
            : GroupJson.Groups.Show(context, request, StatusCodes.Status201Created, group);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("group_id");
        return await context.Database.ReadAsync((tx, token) => GroupJson.Groups.FindAsync(tx, id, token), ct) is { } group
            ? GroupJson.Groups.Show(context, request, StatusCodes.Status200OK, group)
            : IdentityFaults.NotFound("group", id);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "group", GroupJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, request.Path("group_id")) is { } changed)
            return changed;
        return (await changes.UpdateAsync(request.Actor, request.Path("group_id"), body, ct)).Failed(out var fault, out var group)
            ? fault
            : GroupJson.Groups.Show(context, request, StatusCodes.Status200OK, group);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await changes.DeleteAsync(request.Actor, request.Path("group_id"), ct));

    private async Task<ApiResult> ListMembersAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("group_id");
        await context.Directories.EnsureMembersAsync(id, ct);
        if (await context.Database.ReadAsync((tx, token) => GroupJson.Groups.FindAsync(tx, id, token), ct) is null)
            return IdentityFaults.NotFound("group", id);
        if (CollectionQuery.Read(request.Query, MemberFilters).Failed(out var invalid, out var query))
            return invalid;
        query.And("u.id IN (SELECT user_id FROM identity_memberships WHERE group_id = @ofGroup)", ("ofGroup", id));
        // A domain's reader sees the domain's users only.
        if (request.Caller.DomainId is { } domain)
            query.And("u.domain_id = @ofDomain", ("ofDomain", domain));
        return await UserJson.Users.ListAsync(context, request, query, ct);
    }

    private async Task<ApiResult> CheckMemberAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await changes.CheckMemberAsync(request.Path("group_id"), request.Path("user_id"), ct));

    private async Task<ApiResult> AddMemberAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await changes.AddMemberAsync(request.Actor, request.Path("group_id"), request.Path("user_id"), ct));

    private async Task<ApiResult> RemoveMemberAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await changes.RemoveMemberAsync(request.Actor, request.Path("group_id"), request.Path("user_id"), ct));

    private static ApiResult Answer(Fault? fault) => fault is null ? ApiResult.NoContent : fault;
}
