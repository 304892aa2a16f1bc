using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Roles;

/// <summary><c>/v3/roles</c>: global roles, and those of a domain under rules of their own. Source: keystone/api/roles.py.</summary>
internal sealed class RoleRoutes(IdentityContext context, RoleChanges changes)
{
    private static readonly FilterField[] Filters = [new("name", "r.name"), new("domain_id", "r.domain_id")];

    public void Map(ApiRoutes v3)
    {
        var roles = v3.Group("/roles");
        roles.ReadAsking("", "identity:list_roles", ListAsync);
        roles.Post("", CreateAsync).AllowInHandler("identity:create_role");
        roles.ReadAsking("/{role_id}", "identity:get_role", ShowAsync);
        roles.Patch("/{role_id}", UpdateAsync).AllowInHandler("identity:update_role");
        roles.Delete("/{role_id}", DeleteAsync).AllowInHandler("identity:delete_role");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var isOfDomain = !string.IsNullOrEmpty(request.QueryValue("domain_id"));
        if (context.Check(request, isOfDomain ? "identity:list_domain_roles" : "identity:list_roles") is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        if (!isOfDomain)
            query.And("r.domain_id = ''");
        return await RoleJson.Roles.ListAsync(context, request, query, ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "role", RoleJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var rule = body.StringOrNull("domain_id") is null ? "identity:create_role" : "identity:create_domain_role";
        if (context.Check(request, rule, ("target.role.domain_id", body.StringOrNull("domain_id"))) is { } refused)
            return refused;
        return (await changes.CreateAsync(request.Actor, body, ct)).Failed(out var fault, out var role)
            ? fault
            : RoleJson.Roles.Show(context, request, StatusCodes.Status201Created, role);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, "get", ct)).Failed(out var fault, out var role)
            ? fault
            : RoleJson.Roles.Show(context, request, StatusCodes.Status200OK, role);

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, "update", ct)).Failed(out var missing, out var role))
            return missing;
        if ((await IdentityBody.ReadMemberAsync(request, "role", RoleJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, role.Id) is { } changed)
            return changed;
        return (await changes.UpdateAsync(request.Actor, role.Id, body, ct)).Failed(out var fault, out var updated)
            ? fault
            : RoleJson.Roles.Show(context, request, StatusCodes.Status200OK, updated);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, "delete", ct)).Failed(out var missing, out var role))
            return missing;
        return await changes.DeleteAsync(request.Actor, role.Id, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    // Asks the rule for its kind of role. One that does not exist is a 404 for everybody, as in Keystone.
    private async Task<Outcome<Role>> FindAsync(ApiRequest request, string verb, CancellationToken ct)
    {
        var id = request.Path("role_id");
        if (await context.Database.ReadAsync((tx, token) => RoleJson.Roles.FindAsync(tx, id, token), ct) is not { } role)
            return IdentityFaults.NotFound("role", id);
        var rule = role.DomainId is null ? $"identity:{verb}_role" : $"identity:{verb}_domain_role";
        return context.Check(request, rule, ("target.role.name", role.Name), ("target.role.domain_id", role.DomainId)) is { } refused ? refused : role;
    }
}
