using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Roles;

namespace Appliance.Controller.Identity.Trusts;

/// <summary><c>/v3/OS-TRUST/trusts</c>. Source: keystone/api/trusts.py.</summary>
internal sealed class TrustRoutes(IdentityContext context, TrustChanges changes)
{
    public void Map(ApiRoutes v3)
    {
        var trusts = v3.Group("/OS-TRUST/trusts");
        trusts.ReadAsking("", "identity:list_trusts", ListAsync);
        trusts.Post("", CreateAsync).AllowInHandler("identity:create_trust");
        trusts.ReadAsking("/{trust_id}", "identity:get_trust", ShowAsync);
        trusts.Delete("/{trust_id}", DeleteAsync).AllowInHandler("identity:delete_trust");
        trusts.ReadAsking("/{trust_id}/roles", "identity:list_roles_for_trust", ListRolesAsync);
        trusts.ReadAsking("/{trust_id}/roles/{role_id}", "identity:get_role_for_trust", ShowRoleAsync);
    }

    // All for those who may see all; else what one's own are, on either side.
    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var (trustor, trustee) = (request.QueryValue("trustor_user_id"), request.QueryValue("trustee_user_id"));
        var refused = (trustor, trustee) switch
        {
            ({ Length: > 0 }, _) => context.Check(request, "identity:list_trusts_for_trustor", ("target.trust.trustor_user_id", trustor)),
            (_, { Length: > 0 }) => context.Check(request, "identity:list_trusts_for_trustee", ("target.trust.trustee_user_id", trustee)),
            _ => context.Check(request, "identity:list_trusts"),
        };
        if ((refused ?? DelegationRules.CheckManagesTrusts(request.Caller)) is { } fault)
            return fault;
        if (CollectionQuery.Read(request.Query).Failed(out var invalid, out var query))
            return invalid;
        if (!string.IsNullOrEmpty(trustor))
            query.And("t.trustor_id = @trustor", ("trustor", trustor));
        else if (!string.IsNullOrEmpty(trustee))
            query.And("t.trustee_id = @trustee", ("trustee", trustee));
        return await TrustJson.Trusts.ListAsync(context, request, query, ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadWholeAsync(request, TrustJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("trust");
        var trustor = asked.StringOrNull("trustor_user_id");
        var refused = context.Check(request, "identity:create_trust", ("trust.trustor_user_id", trustor), ("target.trust.trustor_user_id", trustor));
        if ((refused ?? DelegationRules.CheckManagesTrusts(request.Caller)) is { } fault)
            return fault;
        return (await changes.CreateAsync(request.Caller, request.Actor, asked, ct)).Failed(out var unfit, out var trust)
            ? unfit
            : await AnswerAsync(request, StatusCodes.Status201Created, trust, ct);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, "identity:get_trust", ct)).Failed(out var fault, out var trust)
            ? fault
            : await AnswerAsync(request, StatusCodes.Status200OK, trust, ct);

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, "identity:delete_trust", ct)).Failed(out var fault, out var trust))
            return fault;
        return await changes.DeleteAsync(request.Actor, trust.Id, ct) is { } missing ? missing : ApiResult.NoContent;
    }

    private async Task<ApiResult> ListRolesAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, "identity:list_roles_for_trust", ct)).Failed(out var fault, out var trust))
            return fault;
        var roles = await ReadRolesAsync(trust, ct);
        var v3 = context.V3Url(request);
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            WriteRoles(writer, trust, roles, v3, "links");
            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowRoleAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, "identity:get_role_for_trust", ct)).Failed(out var fault, out var trust))
            return fault;
        var id = request.Path("role_id");
        return (await ReadRolesAsync(trust, ct)).FirstOrDefault(role => role.Id == id) is { } role
            ? RoleJson.Roles.Show(context, request, StatusCodes.Status200OK, role)
            : IdentityFaults.NotFound("role", id);
    }

    // A trust that is not there is a 404 for everybody, before any policy: as in Keystone. One that has ended is not there.
    private async Task<Outcome<Trust>> FindAsync(ApiRequest request, string rule, CancellationToken ct)
    {
        var id = request.Path("trust_id");
        var found = await context.Database.ReadAsync((tx, token) => TrustJson.Trusts.FindAsync(tx, id, token), ct);
        if (found is not { } trust || !trust.IsUsable(context.Clock.GetUtcNow()))
            return IdentityFaults.NotFound("trust", id);
        var refused = context.Check(request, rule,
            ("target.trust.trustor_user_id", trust.TrustorId), ("target.trust.trustee_user_id", trust.TrusteeId));
        return (refused ?? DelegationRules.CheckManagesTrusts(request.Caller)) is { } fault ? fault : trust;
    }

    private async Task<ApiResult> AnswerAsync(ApiRequest request, int status, Trust trust, CancellationToken ct)
    {
        var roles = await ReadRolesAsync(trust, ct);
        var v3 = context.V3Url(request);
        return TrustJson.Trusts.Show(context, request, status, trust, writer => WriteRoles(writer, trust, roles, v3, "roles_links"));
    }

    private Task<List<Role>> ReadRolesAsync(Trust trust, CancellationToken ct) => context.Database.ReadAsync(async (tx, token) =>
    {
        var roles = new List<Role>();
        foreach (var id in trust.RoleIds)
        {
            if (await RoleJson.Roles.FindAsync(tx, id, token) is { } role)
                roles.Add(role);
        }

        return roles;
    }, ct);

    private static void WriteRoles(Utf8JsonWriter writer, Trust trust, List<Role> roles, string v3, string links)
    {
        writer.WriteStartArray("roles");
        foreach (var role in roles)
            RoleJson.Roles.WriteItem(writer, role, v3);
        writer.WriteEndArray();
        writer.WriteStartObject(links);
        writer.WriteString("self", $"{v3}/OS-TRUST/trusts/{trust.Id}/roles");
        writer.WriteNull("next");
        writer.WriteNull("previous");
        writer.WriteEndObject();
    }
}
