using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Roles;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary><c>/v3/users/{id}/OS-OAUTH1/access_tokens</c>: what users let consumers do. Source: keystone/api/users.py.</summary>
internal sealed class AccessTokenRoutes(IdentityContext context, OAuthStore store)
{
    private static readonly Fault NotFound = new(FaultKind.NotFound, "Access token not found");

    public void Map(ApiRoutes v3)
    {
        var tokens = v3.Group("/users/{user_id}/OS-OAUTH1/access_tokens");
        tokens.Read("", "identity:list_access_tokens", ListAsync, FindTargetAsync);
        tokens.Read("/{access_token_id}", "identity:get_access_token", ShowAsync, FindTargetAsync);
        tokens.Delete("/{access_token_id}", DeleteAsync).Allow("identity:delete_access_token", FindTargetAsync);
        tokens.Read("/{access_token_id}/roles", "identity:list_access_token_roles", ListRolesAsync, FindTargetAsync);
        tokens.Read("/{access_token_id}/roles/{role_id}", "identity:get_access_token_role", ShowRoleAsync, FindTargetAsync);
    }

    private static ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct) => new(new PolicyTarget(null, request.Path("user_id")));

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Caller.Delegation is not null)
            return IdentityFaults.Forbidden();
        var found = await context.Database.ReadAsync((tx, token) => store.ListAccessTokensAsync(tx, request.Path("user_id"), token), ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "access_tokens", writer => found.ForEach(token => Write(writer, token, v3)));
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        var v3 = context.V3Url(request);
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("access_token");
            Write(writer, found, v3);
            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await OAuthStore.DeleteAccessTokenAsync(tx, found.Id, token);
            await context.Database.LogAsync(tx, request.Actor, "access_token", found.Id, "delete", token);
        }, ct);
        return ApiResult.NoContent;
    }

    private async Task<ApiResult> ListRolesAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        var roles = await ReadRolesAsync(found, ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "roles", writer => roles.ForEach(role => RoleJson.Roles.WriteItem(writer, role, v3)));
    }

    private async Task<ApiResult> ShowRoleAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        var id = request.Path("role_id");
        return (await ReadRolesAsync(found, ct)).Find(role => role.Id == id) is { } role
            ? RoleJson.Roles.Show(context, request, StatusCodes.Status200OK, role)
            : IdentityFaults.NotFound("role", id);
    }

    // A delegation must not look after another one.
    private async Task<Outcome<AccessToken>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Caller.Delegation is not null)
            return IdentityFaults.Forbidden();
        var id = request.Path("access_token_id");
        var found = await context.Database.ReadAsync((tx, token) => store.FindAccessTokenAsync(tx, id, token), ct);
        return found is not null && found.UserId == request.Path("user_id") ? found : NotFound;
    }

    private Task<List<Role>> ReadRolesAsync(AccessToken access, CancellationToken ct) => context.Database.ReadAsync(async (tx, token) =>
    {
        var roles = new List<Role>();
        foreach (var id in access.RoleIds)
        {
            if (await RoleJson.Roles.FindAsync(tx, id, token) is { } role)
                roles.Add(role);
        }

        return roles;
    }, ct);

    private static void Write(Utf8JsonWriter writer, AccessToken token, string v3)
    {
        var self = $"{v3}/users/{token.UserId}/OS-OAUTH1/access_tokens/{token.Id}";
        writer.WriteStartObject();
        writer.WriteString("id", token.Id);
        writer.WriteString("consumer_id", token.ConsumerId);
        writer.WriteString("project_id", token.ProjectId);
        writer.WriteString("authorizing_user_id", token.UserId);
        writer.WriteString("expires_at", token.ExpiresAt is { } end ? Timestamps.Micros(end) : null);
        writer.WriteStartObject("links");
        writer.WriteString("roles", self + "/roles");
        writer.WriteString("self", self);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
