using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Roles;

/// <summary><c>/v3/roles/{id}/implies</c> and <c>/v3/role_inferences</c>. Source: keystone/api/roles.py, keystone/api/role_inferences.py.</summary>
internal sealed class ImpliedRoleRoutes(IdentityContext context, RoleChanges changes)
{
    public void Map(ApiRoutes v3)
    {
        v3.Read("/role_inferences", "identity:list_role_inference_rules", ListAllAsync);
        var implies = v3.Group("/roles/{prior_role_id}/implies");
        implies.Read("", "identity:list_implied_roles", ListAsync);
        implies.Get("/{implied_role_id}", ShowAsync).Allow("identity:get_implied_role");
        implies.Head("/{implied_role_id}", CheckAsync).Allow("identity:check_implied_role");
        implies.Put("/{implied_role_id}", CreateAsync).Allow("identity:create_implied_role");
        implies.Delete("/{implied_role_id}", DeleteAsync).Allow("identity:delete_implied_role");
    }

    private async Task<ApiResult> ListAllAsync(ApiRequest request, CancellationToken ct)
    {
        var (roles, implied) = await context.Database.ReadAsync(async (tx, token) => (
            (await RoleJson.Roles.ListAsync(tx, new CollectionQuery(), token)).ToDictionary(static role => role.Id),
            await ListRulesAsync(tx, token)), ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "role_inferences", writer =>
        {
            foreach (var prior in implied.GroupBy(static rule => rule.Prior))
            {
                writer.WriteStartObject();
                WriteInference(writer, roles[prior.Key], [.. prior.Select(rule => roles[rule.Implied])], v3);
                writer.WriteEndObject();
            }
        });
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var priorId = request.Path("prior_role_id");
        var (prior, implied) = await context.Database.ReadAsync(async (tx, token) => (
            await RoleJson.Roles.FindAsync(tx, priorId, token),
            await RoleJson.Roles.ListAsync(tx, new CollectionQuery().And(
                "r.id IN (SELECT implied_id FROM identity_implied_roles WHERE prior_id = @prior)", ("prior", priorId)), token)), ct);
        return prior is null ? IdentityFaults.NotFound("role", priorId) : Answer(request, StatusCodes.Status200OK, writer =>
            WriteInference(writer, prior, implied, context.V3Url(request)));
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) => await AnswerOneAsync(request, StatusCodes.Status200OK, ct);

    private async Task<ApiResult> CheckAsync(ApiRequest request, CancellationToken ct) =>
        await context.Database.ReadAsync((tx, token) => RoleChanges.CheckImpliesAsync(
            tx, request.Path("prior_role_id"), request.Path("implied_role_id"), token), ct) is { } missing ? missing : ApiResult.NoContent;

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct) =>
        await changes.ImplyAsync(request.Actor, request.Path("prior_role_id"), request.Path("implied_role_id"), ct) is { } refused
            ? refused
            : await AnswerOneAsync(request, StatusCodes.Status201Created, ct);

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await changes.StopImplyingAsync(request.Actor, request.Path("prior_role_id"), request.Path("implied_role_id"), ct) is { } missing
            ? missing
            : ApiResult.NoContent;

    private Task<ApiResult> AnswerOneAsync(ApiRequest request, int status, CancellationToken ct) =>
        context.Database.ReadAsync<ApiResult>(async (tx, token) =>
        {
            var (priorId, impliedId) = (request.Path("prior_role_id"), request.Path("implied_role_id"));
            if (await RoleChanges.CheckImpliesAsync(tx, priorId, impliedId, token) is { } missing)
                return missing;
            var prior = await RoleJson.Roles.FindAsync(tx, priorId, token);
            var implied = await RoleJson.Roles.FindAsync(tx, impliedId, token);
            var v3 = context.V3Url(request);
            return Answer(request, status, writer =>
            {
                writer.WritePropertyName("prior_role");
                WriteRole(writer, prior!, v3);
                writer.WritePropertyName("implies");
                WriteRole(writer, implied!, v3);
            });
        }, ct);

    private ApiResult Answer(ApiRequest request, int status, Action<Utf8JsonWriter> writeInference)
    {
        var self = context.SelfUrl(request);
        return ApiResult.Json(status, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("role_inference");
            writeInference(writer);
            writer.WriteEndObject();
            writer.WriteStartObject("links");
            writer.WriteString("self", self);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static void WriteInference(Utf8JsonWriter writer, Role prior, IReadOnlyList<Role> implied, string v3)
    {
        writer.WritePropertyName("prior_role");
        WriteRole(writer, prior, v3);
        writer.WriteStartArray("implies");
        foreach (var role in implied)
            WriteRole(writer, role, v3);
        writer.WriteEndArray();
    }

    private static void WriteRole(Utf8JsonWriter writer, Role role, string v3)
    {
        writer.WriteStartObject();
        writer.WriteString("id", role.Id);
        writer.WriteString("name", role.Name);
        writer.WriteStartObject("links");
        writer.WriteString("self", $"{v3}/roles/{role.Id}");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static Task<List<(string Prior, string Implied)>> ListRulesAsync(Session tx, CancellationToken ct) => tx.ListAsync(
        "SELECT prior_id, implied_id FROM identity_implied_roles ORDER BY prior_id, implied_id", static row => (row.String(0), row.String(1)), ct);
}
