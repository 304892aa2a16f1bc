using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Roles;

namespace Appliance.Controller.Identity.Grants;

/// <summary>
/// Grants, one path for each: <c>/v3/{projects|domains}/{id}/{users|groups}/{id}/roles/{role}</c>, the same below <c>OS-INHERIT</c> with
/// <c>/inherited_to_projects</c> at the end, and <c>/v3/system/{users|groups}/{id}/roles/{role}</c>.
/// Source: keystone/api/projects.py, domains.py, os_inherit.py, system.py.
/// </summary>
internal sealed class GrantRoutes(IdentityContext context)
{
    public void Map(ApiRoutes v3)
    {
        foreach (var actor in new[] { "user", "group" })
        {
            foreach (var target in new[] { "project", "domain" })
            {
                var path = $"/{target}s/{{{target}_id}}/{actor}s/{{{actor}_id}}/roles";
                MapList(v3, path, "identity:list_grants", new Place(actor, target, false));
                MapOne(v3, path + "/{role_id}", "identity:{0}_grant", new Place(actor, target, false));
                MapOne(v3, $"/OS-INHERIT{path}/{{role_id}}/inherited_to_projects", "identity:{0}_grant", new Place(actor, target, true));
            }

            MapList(v3, $"/OS-INHERIT/domains/{{domain_id}}/{actor}s/{{{actor}_id}}/roles/inherited_to_projects", "identity:list_grants",
                new Place(actor, "domain", true));
            var system = $"/system/{actor}s/{{{actor}_id}}/roles";
            MapList(v3, system, $"identity:list_system_grants_for_{actor}", new Place(actor, "system", false));
            MapOne(v3, system + "/{role_id}", $"identity:{{0}}_system_grant_for_{actor}", new Place(actor, "system", false));
        }
    }

    private sealed record Place(string ActorKind, string TargetKind, bool IsInherited)
    {
        public Grant Grant(ApiRequest request) => new(
            ActorKind, request.Path(ActorKind + "_id"), TargetKind, TargetKind == "system" ? Grants.Grant.SystemId : request.Path(TargetKind + "_id"),
            request.Path("role_id"), IsInherited);
    }

    private void MapList(ApiRoutes v3, string path, string rule, Place place) =>
        v3.Read(path, rule, (request, ct) => ListAsync(request, place, ct), Finder(place));

    private void MapOne(ApiRoutes v3, string path, string rules, Place place)
    {
        string Rule(string verb) => string.Format(CultureInfo.InvariantCulture, rules, verb);
        v3.Read(path, Rule("check"), (request, ct) => CheckAsync(request, place, ct), Finder(place));
        v3.Put(path, (request, ct) => CreateAsync(request, place, ct)).Allow(Rule("create"), Finder(place));
        v3.Delete(path, (request, ct) => DeleteAsync(request, place, ct)).Allow(Rule("revoke"), Finder(place));
    }

    private PolicyTargetFinder Finder(Place place) => async (request, ct) =>
    {
        var grant = place.Grant(request);
        await context.Directories.EnsureActorAsync(grant.ActorKind, grant.ActorId, ct);
        return (await context.Database.ReadAsync((tx, token) => GrantParties.ReadAsync(tx, grant, token), ct)).ForPolicy();
    };

    private async Task<ApiResult> ListAsync(ApiRequest request, Place place, CancellationToken ct)
    {
        var grant = place.Grant(request);
        var parties = await context.Database.ReadAsync((tx, token) => GrantParties.ReadAsync(tx, grant, token), ct);
        if (parties.CheckExist() is { } missing)
            return missing;
        var query = new CollectionQuery().And(
            """
            r.id IN (SELECT role_id FROM identity_assignments WHERE actor_kind = @actorKind AND actor_id = @actor AND target_kind = @targetKind
                AND target_id = @target AND inherited = @inherited)
            """,
            ("actorKind", grant.ActorKind), ("actor", grant.ActorId), ("targetKind", grant.TargetKind), ("target", grant.TargetId),
            ("inherited", grant.IsInherited));
        return await RoleJson.Roles.ListAsync(context, request, query, ct);
    }

    private Task<ApiResult> CheckAsync(ApiRequest request, Place place, CancellationToken ct) => context.Database.ReadAsync<ApiResult>(async (tx, token) =>
    {
        var grant = place.Grant(request);
        if ((await GrantParties.ReadAsync(tx, grant, token)).CheckExist() is { } missing)
            return missing;
        return await GrantStore.ExistsAsync(tx, grant, token) ? ApiResult.NoContent : NoGrant(grant);
    }, ct);

    private async Task<ApiResult> CreateAsync(ApiRequest request, Place place, CancellationToken ct)
    {
        var grant = place.Grant(request);
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            var parties = await GrantParties.ReadAsync(tx, grant, token);
            if ((parties.CheckExist() ?? parties.CheckRoleFits()) is { } refused)
                return refused;
            await GrantStore.InsertAsync(tx, grant, token);
            await GrantStore.LogAsync(context.Database, tx, request.Actor, grant, "create", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, Place place, CancellationToken ct)
    {
        var grant = place.Grant(request);
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if ((await GrantParties.ReadAsync(tx, grant, token)).CheckExist(allowMissingActor: true) is { } missing)
                return missing;
            if (!await GrantStore.DeleteAsync(tx, grant, token))
                return NoGrant(grant);
            await GrantStore.LogAsync(context.Database, tx, request.Actor, grant, "delete", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static Fault NoGrant(Grant grant) => new(FaultKind.NotFound,
        $"Could not find role assignment with role: {grant.RoleId}, user or group: {grant.ActorId}, project, domain, or system: {grant.TargetId}.");
}
