using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Users;

/// <summary><c>/v3/users</c>. Source: keystone/api/users.py.</summary>
internal sealed class UserRoutes(IdentityContext context, UserChanges changes, LoginAudit audit)
{
    private static readonly FilterField[] Filters =
        [new("domain_id", "u.domain_id"), new("enabled", "u.enabled", IsFlag: true), new("name", "u.name")];

    private static readonly FilterField[] ProjectFilters =
        [new("domain_id", "p.domain_id"), new("enabled", "p.enabled", IsFlag: true), new("name", "p.name")];

    private static readonly FilterField[] GroupFilters = [new("name", "g.name")];

    public void Map(ApiRoutes v3)
    {
        var users = v3.Group("/users");
        users.ReadAsking("", "identity:list_users", ListAsync);
        users.Post("", CreateAsync).AllowInHandler("identity:create_user");
        users.Read("/{user_id}", "identity:get_user", ShowAsync, FindTargetAsync);
        users.Patch("/{user_id}", UpdateAsync).Allow("identity:update_user", FindTargetAsync);
        users.Delete("/{user_id}", DeleteAsync).Allow("identity:delete_user", FindTargetAsync);
        users.Post("/{user_id}/password", ChangePasswordAsync).Public(acceptsCaller: true);
        users.Read("/{user_id}/projects", "identity:list_user_projects", ListProjectsAsync, FindTargetAsync);
        users.Read("/{user_id}/groups", "identity:list_groups_for_user", ListGroupsAsync, FindTargetAsync);
    }

    /// <summary>The user of the path, for policies.</summary>
    public async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("user_id");
        await context.Directories.EnsureUserAsync(id, Freshness.Live, ct);
        var user = await context.Database.ReadAsync((tx, token) => UserJson.Users.FindAsync(tx, id, token), ct);
        return new PolicyTarget(null, id, user is null ? null : new Dictionary<string, string?>
        {
            ["target.user.id"] = user.Id,
            ["target.user.domain_id"] = user.DomainId,
        });
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var domain = request.Caller.DomainId;
        if (context.Check(request, "identity:list_users", ("target.domain_id", domain)) is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        if (UserExpiryFilter.Add(query, request.QueryValue("password_expires_at")) is { } badTime)
            return badTime;
        FederatedLinkStore.AddFilters(query, request);
        if (DirectoryLists.FindDomain(context, request).Failed(out var noDomain, out var listed))
            return noDomain;
        if (domain is not null)
            query.And("u.domain_id = @ofDomain", ("ofDomain", domain));
        return await DirectoryLists.FindAsync(context, listed, domain, ct) is { } directory
            ? await DirectoryLists.UsersAsync(context, request, query, directory, ct)
            : await UserJson.Users.ListAsync(context, request, DirectoryLists.OwnRows(context, query, "u", listed), ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "user", UserJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (context.Check(request, "identity:create_user", ("target.user.domain_id", body.StringOrNull("domain_id"))) is { } refused)
            return refused;
        var domainId = body.StringOrNull("domain_id") ?? request.Caller.DomainId ?? Bootstrap.DefaultDomainId;
        return (await changes.CreateAsync(request.Actor, domainId, body, ct)).Failed(out var fault, out var user)
            ? fault
            : UserJson.Users.Show(context, request, StatusCodes.Status201Created, user);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var user))
            return missing;
        var links = await context.Database.ReadAsync((tx, token) => FederatedLinkStore.ListAsync(tx, user.Id, token), ct);
        return UserJson.Users.Show(context, request, StatusCodes.Status200OK, user with { Links = links });
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "user", UserJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, request.Path("user_id")) is { } changed)
            return changed;
        return (await changes.UpdateAsync(request.Actor, request.Path("user_id"), body, ct)).Failed(out var fault, out var user)
            ? fault
            : UserJson.Users.Show(context, request, StatusCodes.Status200OK, user);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await changes.DeleteAsync(request.Actor, request.Path("user_id"), ct) is { } fault ? fault : ApiResult.NoContent;

    private async Task<ApiResult> ChangePasswordAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "user", UserJson.PasswordChange, ct)).Failed(out var invalid, out var body))
            return invalid;
        var id = request.Path("user_id");
        var actor = request.Actor with { UserId = id };
        if ((await changes.ChangePasswordAsync(
            actor, id, body.StringOrNull("original_password")!, body.StringOrNull("password")!, ct)) is not { } refused)
            return ApiResult.NoContent;
        // Refusals of the new password have no word of it.
        var reason = refused.Kind == FaultKind.Invalid ? refused with { Internal = refused.Public } : refused;
        var known = (await FindAsync(request, ct)).Failed(out _, out var user) ? null : user.Id;
        await audit.FailedAsync(request, known, ["password"], reason, ct);
        return refused;
    }

    private async Task<ApiResult> ListProjectsAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var user))
            return missing;
        if (CollectionQuery.Read(request.Query, ProjectFilters).Failed(out var invalid, out var query))
            return invalid;
        return await ProjectJson.Projects.ListAsync(context, request, query.And(UserScopes.ProjectCondition, ("scopesOf", user.Id)), ct);
    }

    private async Task<ApiResult> ListGroupsAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var user))
            return missing;
        if (CollectionQuery.Read(request.Query, GroupFilters).Failed(out var invalid, out var query))
            return invalid;
        UserGroup.Of(query, user.Id, context.Clock.GetUtcNow());
        // A domain's reader sees the domain's groups only.
        if (request.Caller.DomainId is { } domain)
            query.And("g.domain_id = @ofDomain", ("ofDomain", domain));
        return await UserGroup.Groups.ListAsync(context, request, query, ct);
    }

    private async Task<Outcome<User>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("user_id");
        return await context.Database.ReadAsync((tx, token) => UserJson.Users.FindAsync(tx, id, token), ct) is { } user
            ? user
            : IdentityFaults.NotFound("user", id);
    }
}
