using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary>
/// How a consumer gets to act for a user: it asks (<c>request_token</c>), the user agrees (<c>authorize</c>), it collects
/// (<c>access_token</c>). The consumer's requests are signed, not authenticated by a token. Source: keystone/api/os_oauth1.py.
/// </summary>
internal sealed class OAuthRoutes(IdentityContext context, OAuthStore store, LoginAudit audit)
{
    // Keystone's defaults for [oauth1] request_token_duration and access_token_duration.
    private static readonly TimeSpan RequestLifetime = TimeSpan.FromSeconds(28_800);
    private static readonly TimeSpan AccessLifetime = TimeSpan.FromSeconds(86_400);

    private static readonly JsonSchema Roles = JsonSchema.Array(JsonSchema.Object.Closed().Properties(1, 1)
        .Property("id", BodyMembers.Id).Property("name", BodyMembers.Name));

    private static readonly Fault NoRequestToken = new(FaultKind.NotFound, "Request token not found");

    public void Map(ApiRoutes v3)
    {
        var oauth = v3.Group("/OS-OAUTH1");
        oauth.Post("/request_token", AskAsync).Public();
        oauth.Put("/authorize/{request_token_id}", AuthorizeAsync).Allow("identity:authorize_request_token");
        oauth.Post("/access_token", CollectAsync).Public();
    }

    private async Task<ApiResult> AskAsync(ApiRequest request, CancellationToken ct)
    {
        if (OAuthRequest.Read(request.Http.Request, context.BaseUrl(request)).Failed(out var unsigned, out var signed))
            return unsigned;
        if (signed.ConsumerKey is not { Length: > 0 } consumerId)
            return IdentityFaults.Expecting("oauth_consumer_key", "request");
        if (request.Http.Request.Headers["Requested-Project-Id"] is not [{ Length: > 0 } projectId, ..])
            return IdentityFaults.Expecting("Requested-Project-Id", "request");
        var now = context.Clock.GetUtcNow();
        return (await context.Database.TryWriteAsync<RequestToken>(async (tx, token) =>
        {
            if (await ProjectJson.Projects.FindAsync(tx, projectId, token) is null)
                return IdentityFaults.NotFound("project", projectId);
            if (await store.Consumers.FindAsync(tx, consumerId, token) is not { } consumer)
                return ConsumerRoutes.NotFound;
            if (signed.CheckForm(now) is { } malformed)
                return malformed;
            if (!signed.IsSignedWith(consumer.Secret, ""))
                return IdentityFaults.Unauthorized("invalid signature");
            var asked = new RequestToken(Ids.New(), consumerId, OAuthSecrets.New(), projectId, now + RequestLifetime, null, null, []);
            await store.InsertAsync(tx, asked, token);
            await context.Database.LogAsync(tx, request.Actor, "request_token", asked.Id, "create", token);
            return asked;
        }, ct)).Failed(out var fault, out var made) ? await RefuseAsync(request, fault, ct) : Answer(made.Id, made.Secret, made.ExpiresAt);
    }

    // Only the user itself can agree, and only to roles it has.
    private async Task<ApiResult> AuthorizeAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        var asked = body.Member("roles");
        if (asked is { } list && IdentityBody.Check(Roles, list) is { } invalid)
            return invalid;
        if (request.Caller.Delegation is not null)
            return IdentityFaults.Forbidden();
        var (id, user) = (request.Path("request_token_id"), request.Caller.UserId);
        return (await context.Database.TryWriteAsync<RequestToken>(async (tx, token) =>
        {
            if (await store.FindRequestTokenAsync(tx, id, token) is not { } found)
                return NoRequestToken;
            if (found.ExpiresAt < context.Clock.GetUtcNow())
                return IdentityFaults.Unauthorized("the request token is expired");
            if ((await ReadRolesAsync(tx, asked, user, found.ProjectId, token)).Failed(out var notHeld, out var roles))
                return notHeld;
            var agreed = found with { UserId = user, Verifier = OAuthSecrets.NewVerifier(), RoleIds = roles };
            await OAuthStore.AuthorizeAsync(tx, agreed, token);
            await context.Database.LogAsync(tx, request.Actor, "request_token", id, "authorize", token);
            return agreed;
        }, ct)).Failed(out var fault, out var authorized) ? fault : ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("token");
            writer.WriteString("oauth_verifier", authorized.Verifier);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> CollectAsync(ApiRequest request, CancellationToken ct)
    {
        if (OAuthRequest.Read(request.Http.Request, context.BaseUrl(request)).Failed(out var unsigned, out var signed))
            return unsigned;
        if (CheckNamed(signed) is { } missing)
            return missing;
        var now = context.Clock.GetUtcNow();
        return (await context.Database.TryWriteAsync<AccessToken>(async (tx, token) =>
        {
            if (await store.FindRequestTokenAsync(tx, signed.Token!, token) is not { } asked)
                return NoRequestToken;
            if (asked.ExpiresAt < now || asked.ConsumerId != signed.ConsumerKey
                || await store.Consumers.FindAsync(tx, asked.ConsumerId, token) is not { } consumer)
                return IdentityFaults.Unauthorized("the request token is expired, or another consumer's");
            if (signed.CheckForm(now) is { } malformed)
                return malformed;
            if (asked.UserId is not { } user || asked.Verifier != signed.Verifier || !signed.IsSignedWith(consumer.Secret, asked.Secret))
                return IdentityFaults.Unauthorized("not authorized, wrong verifier, or invalid signature");
            if (!await OAuthStore.DeleteRequestTokenAsync(tx, asked.Id, token))
                return NoRequestToken;
            var access = new AccessToken(Ids.New(), asked.ConsumerId, OAuthSecrets.New(), asked.ProjectId, now + AccessLifetime, user, asked.RoleIds);
            await store.InsertAsync(tx, access, token);
            await context.Database.LogAsync(tx, request.Actor with { UserId = user }, "access_token", access.Id, "create", token);
            return access;
        }, ct)).Failed(out var fault, out var made) ? await RefuseAsync(request, fault, ct) : Answer(made.Id, made.Secret, made.ExpiresAt);
    }

    // A consumer that could not prove to be one.
    private async Task<ApiResult> RefuseAsync(ApiRequest request, Fault fault, CancellationToken ct)
    {
        if (fault.Kind == FaultKind.Unauthorized)
            await audit.FailedAsync(request, null, ["oauth1"], fault, ct);
        return fault;
    }

    private static Fault? CheckNamed(OAuthRequest signed)
    {
        if (string.IsNullOrEmpty(signed.ConsumerKey))
            return IdentityFaults.Expecting("oauth_consumer_key", "request");
        if (string.IsNullOrEmpty(signed.Token))
            return IdentityFaults.Expecting("oauth_token", "request");
        return string.IsNullOrEmpty(signed.Verifier) ? IdentityFaults.Expecting("oauth_verifier", "request") : null;
    }

    private static async Task<Outcome<string[]>> ReadRolesAsync(Session tx, JsonElement? asked, string userId, string projectId, CancellationToken ct)
    {
        var graph = await RoleGraph.ReadAsync(tx, ct);
        var held = await AccessReader.ListRoleIdsAsync(tx, userId, projectId, graph, ct);
        var ids = new List<string>();
        foreach (var role in asked?.EnumerateArray() ?? default)
        {
            if (graph.FindAsked(role).Failed(out var unknown, out var found))
                return unknown;
            if (!held.Contains(found.Id))
                return IdentityFaults.Unauthorized("the authorizing user does not have the role");
            ids.Add(found.Id);
        }

        return ids.Distinct().ToArray();
    }

    private static ApiResult Answer(string id, string secret, DateTimeOffset? expires) => ApiResult.Custom(async (http, ct) =>
    {
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.ContentType = "application/x-www-form-urlencoded";
        var end = expires is { } at ? $"&oauth_expires_at={Timestamps.Micros(at)}" : "";
        await http.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"oauth_token={id}&oauth_token_secret={secret}{end}"), ct);
    });
}
