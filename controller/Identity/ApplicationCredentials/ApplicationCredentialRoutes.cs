using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Roles;

namespace Appliance.Controller.Identity.ApplicationCredentials;

/// <summary><c>/v3/users/{id}/application_credentials</c> and <c>…/access_rules</c>. Source: keystone/api/users.py.</summary>
internal sealed class ApplicationCredentialRoutes(IdentityContext context, ApplicationCredentialChanges changes)
{
    private static readonly FilterField[] Filters = [new("name", "c.name")];
    private static readonly FilterField[] RuleFilters = [new("service", "a.service"), new("path", "a.path"), new("method", "a.method")];

    public void Map(ApiRoutes v3)
    {
        var credentials = v3.Group("/users/{user_id}/application_credentials");
        credentials.Read("", "identity:list_application_credentials", ListAsync, FindTargetAsync);
        credentials.Post("", CreateAsync).Allow("identity:create_application_credential", FindTargetAsync);
        credentials.Read("/{application_credential_id}", "identity:get_application_credential", ShowAsync, FindOwnerAsync);
        credentials.Delete("/{application_credential_id}", DeleteAsync).Allow("identity:delete_application_credential", FindOwnerAsync);
        var rules = v3.Group("/users/{user_id}/access_rules");
        rules.Read("", "identity:list_access_rules", ListRulesAsync, FindTargetAsync);
        rules.Read("/{access_rule_id}", "identity:get_access_rule", ShowRuleAsync, FindTargetAsync);
        rules.Delete("/{access_rule_id}", DeleteRuleAsync).Allow("identity:delete_access_rule", FindTargetAsync);
    }

    // Whoever the path names: the owner of a credential is its own user.
    private async ValueTask<PolicyTarget> FindOwnerAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("application_credential_id");
        var found = await context.Database.ReadAsync((tx, token) => ApplicationCredentialJson.Credentials.FindAsync(tx, id, token), ct);
        return new PolicyTarget(null, found?.UserId ?? request.Path("user_id"));
    }

    // Elsewhere the owner is the user of the path; that a rule is that user's is part of finding it.
    private static ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct) => new(new PolicyTarget(null, request.Path("user_id")));

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckReadsApplicationCredentials(request.Caller) is { } delegated)
            return delegated;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        query.And("c.user_id = @owner", ("owner", request.Path("user_id")));
        var shown = await context.Database.ReadAsync(async (tx, token) =>
        {
            var list = new List<ShownCredential>();
            foreach (var credential in await ApplicationCredentialJson.Credentials.ListAsync(tx, query, token))
                list.Add(await ShownCredential.ReadAsync(tx, credential, token));
            return list;
        }, ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "application_credentials", writer =>
        {
            foreach (var credential in shown)
                credential.Write(writer, v3, secret: null);
        });
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(
            request, "application_credential", ApplicationCredentialJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (DelegationRules.CheckManagesApplicationCredentials(request.Caller) is { } restricted)
            return restricted;
        if (request.Caller.UserId != request.Path("user_id"))
            return IdentityFaults.Forbidden("Cannot create an application credential for another user.");
        if (request.Caller.ProjectId is null)
            return IdentityFaults.Invalid("Invalid application credential: a project-scoped token is required");
        if ((await changes.CreateAsync(request.Caller, request.Actor, body, ct)).Failed(out var fault, out var created))
            return fault;
        return await AnswerAsync(request, StatusCodes.Status201Created, created.Credential, created.Secret, ct);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, ct)).Failed(out var missing, out var credential)
            ? missing
            : await AnswerAsync(request, StatusCodes.Status200OK, credential, null, ct);

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckManagesApplicationCredentials(request.Caller) is { } restricted)
            return restricted;
        if ((await FindAsync(request, ct)).Failed(out var missing, out var credential))
            return missing;
        return await changes.DeleteAsync(request.Actor, credential.Id, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> ListRulesAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckReadsApplicationCredentials(request.Caller) is { } delegated)
            return delegated;
        return CollectionQuery.Read(request.Query, RuleFilters).Failed(out var invalid, out var query)
            ? invalid
            : await AccessRuleStore.Rules.ListAsync(context, request, query.And("a.user_id = @owner", ("owner", request.Path("user_id"))), ct);
    }

    private async Task<ApiResult> ShowRuleAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckReadsApplicationCredentials(request.Caller) is { } delegated)
            return delegated;
        var (owner, id) = (request.Path("user_id"), request.Path("access_rule_id"));
        var rule = await context.Database.ReadAsync(async (tx, token) =>
            await AccessRuleStore.FindIdAsync(tx, owner, id, token) is null ? null : await AccessRuleStore.Rules.FindAsync(tx, id, token), ct);
        return rule is null
            ? new Fault(FaultKind.NotFound, $"Could not find Access Rule: {id}.")
            : AccessRuleStore.Rules.Show(context, request, StatusCodes.Status200OK, rule);
    }

    private async Task<ApiResult> DeleteRuleAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckManagesApplicationCredentials(request.Caller) is { } restricted)
            return restricted;
        return await changes.DeleteRuleAsync(request.Actor, request.Path("user_id"), request.Path("access_rule_id"), ct) is { } fault
            ? fault
            : ApiResult.NoContent;
    }

    private async Task<Outcome<ApplicationCredential>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        if (DelegationRules.CheckReadsApplicationCredentials(request.Caller) is { } delegated)
            return delegated;
        var id = request.Path("application_credential_id");
        var credential = await context.Database.ReadAsync((tx, token) => ApplicationCredentialJson.Credentials.FindAsync(tx, id, token), ct);
        return credential is not null ? credential : ApplicationCredentialChanges.NotFound(id);
    }

    private async Task<ApiResult> AnswerAsync(ApiRequest request, int status, ApplicationCredential credential, string? secret, CancellationToken ct)
    {
        var shown = await context.Database.ReadAsync((tx, token) => ShownCredential.ReadAsync(tx, credential, token), ct);
        var v3 = context.V3Url(request);
        return ApiResult.Json(status, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("application_credential");
            shown.Write(writer, v3, secret);
            writer.WriteEndObject();
        });
    }

    private sealed record ShownCredential(ApplicationCredential Credential, IReadOnlyList<Role> Roles, IReadOnlyList<AccessRule>? Rules)
    {
        public static async Task<ShownCredential> ReadAsync(Session tx, ApplicationCredential credential, CancellationToken ct)
        {
            var roles = new List<Role>();
            foreach (var id in credential.RoleIds)
            {
                if (await RoleJson.Roles.FindAsync(tx, id, ct) is { } role)
                    roles.Add(role);
            }

            return new ShownCredential(credential, roles, await AccessRuleStore.ListOfAsync(tx, credential, ct));
        }

        public void Write(Utf8JsonWriter writer, string v3, string? secret)
        {
            writer.WriteStartObject();
            writer.WriteString("id", Credential.Id);
            writer.WriteString("name", Credential.Name);
            writer.WriteString("description", Credential.Description);
            writer.WriteString("user_id", Credential.UserId);
            writer.WriteString("project_id", Credential.ProjectId);
            writer.WriteString("expires_at", Credential.ExpiresAt is { } at ? Timestamps.MicrosNoZone(at) : null);
            writer.WriteBoolean("unrestricted", Credential.IsUnrestricted);
            if (secret is not null)
                writer.WriteString("secret", secret);
            writer.WriteStartArray("roles");
            foreach (var role in Roles)
            {
                writer.WriteStartObject();
                RoleJson.Roles.WriteMembers(writer, role);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteRules(writer);
            writer.WriteStartObject("links");
            writer.WriteString("self", $"{v3}/users/{Credential.UserId}/application_credentials/{Credential.Id}");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        private void WriteRules(Utf8JsonWriter writer)
        {
            if (Rules is null)
                return;
            writer.WriteStartArray("access_rules");
            foreach (var rule in Rules)
                AccessRuleJson.Write(writer, rule);
            writer.WriteEndArray();
        }
    }
}
