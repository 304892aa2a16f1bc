using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Federation.ServiceProviders;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// This site as the identity provider of other clouds: <c>/v3/auth/OS-FEDERATION/saml2</c>, <c>…/saml2/ecp</c> and
/// <c>/v3/OS-FEDERATION/saml2/metadata</c>. The token in the body is what lets somebody in.
/// Source: keystone/api/auth.py, keystone/api/os_federation.py, keystone/api/_shared/saml.py.
/// </summary>
internal sealed class AssertionRoutes(IdentityContext context, TokenValidator tokens, SamlSigners signers)
{
    private static readonly JsonSchema Named = JsonSchema.Object.Closed().Required("id", JsonSchema.String());

    private static readonly JsonSchema Auth = JsonSchema.Object.Closed()
        .Required("identity", JsonSchema.Object.Closed().Required("token", Named).Property("methods", JsonSchema.Of("array")))
        .Required("scope", JsonSchema.Object.Closed().Required("service_provider", Named));

    private static readonly Fault NeedsProject = IdentityFaults.Forbidden("Use a project scoped token when attempting to create a SAML assertion");

    // The assertion names the user and all its groups: more than any delegation gives away.
    private static readonly Fault Delegated = IdentityFaults.Forbidden("Use a token that was not issued via delegation to create a SAML assertion");

    public void Map(ApiRoutes v3)
    {
        v3.Post("/auth/OS-FEDERATION/saml2", (request, ct) => AssertAsync(request, static (response, _) => response, ct)).Public();
        v3.Post("/auth/OS-FEDERATION/saml2/ecp", (request, ct) => AssertAsync(
            request, static (response, provider) => EcpEnvelope.Wrap(response, provider.RelayStatePrefix), ct)).Public();
        v3.Get("/OS-FEDERATION/saml2/metadata", DescribeAsync).Public();
        v3.Head("/OS-FEDERATION/saml2/metadata", DescribeAsync).Public();
    }

    private async Task<ApiResult> DescribeAsync(ApiRequest request, CancellationToken ct)
    {
        var settings = context.Options.Identity.Saml;
        return Answer(SamlMetadata.Write(
            await signers.GetAsync(ct), settings, settings.IdpSsoEndpoint ?? $"{context.V3Url(request)}/auth/OS-FEDERATION/saml2"));
    }

    private async Task<ApiResult> AssertAsync(ApiRequest request, Func<string, FederationServiceProvider, string> wrap, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "auth", Auth, ct)).Failed(out var invalid, out var body))
            return invalid;
        var text = body.GetProperty("identity").GetProperty("token").StringOrNull("id")!;
        if (await tokens.FindAsync(text, allowExpired: false, ct) is not { } valid)
            return IdentityFaults.NotFound("token", text);
        if (valid.Access.Scope.Kind != ScopeKind.Project)
            return NeedsProject;
        if (valid.Access.Delegation is not null || valid.Token.Methods.HasFlag(AuthMethods.Ec2Credential))
            return Delegated;
        var (providerId, userId) = (body.GetProperty("scope").GetProperty("service_provider").StringOrNull("id")!, valid.Token.UserId);
        var (provider, groups) = await context.Database.ReadAsync(async (tx, token) =>
            (await ServiceProviderRoutes.Providers.FindAsync(tx, providerId, token), await ListGroupsAsync(tx, userId, token)), ct);
        if (provider is null)
            return ServiceProviderRoutes.NotFound(providerId);
        if (!provider.Enabled)
            return new Fault(FaultKind.Forbidden, $"Service Provider {providerId} is disabled");
        if (SamlSubject.Of(valid.Access, groups).Failed(out var unspeakable, out var subject))
            return unspeakable;
        var response = new SamlResponse(await signers.GetAsync(ct), context.Clock, context.Options.Identity.Saml.AssertionExpirationTime);
        return Answer(wrap(response.Write(subject, provider.SpUrl), provider))
            .With("X-sp-url", ForHeader(provider.SpUrl)).With("X-auth-url", ForHeader(provider.AuthUrl));
    }

    private Task<List<(string Name, string Domain)>> ListGroupsAsync(Session tx, string userId, CancellationToken ct) => tx.ListAsync(
        """
        SELECT g.name, d.name FROM identity_groups g JOIN identity_projects d ON d.id = g.domain_id
        WHERE g.id IN (SELECT group_id FROM identity_memberships WHERE user_id = @user
            UNION SELECT group_id FROM identity_federated_groups WHERE user_id = @user AND expires_at > @now) ORDER BY g.id
        """, static row => (row.String(0), row.String(1)), ct, ("user", userId), ("now", context.Clock.GetUtcNow()));

    private static ApiResult Answer(string xml) => ApiResult.Custom(async (http, ct) =>
    {
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "text/xml";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(CanonicalXml.Declaration + xml), ct);
    });

    // What an administrator wrote into an address must not become a header of its own, nor one that cannot be sent.
    private static string ForHeader(string url)
    {
        var safe = new StringBuilder(url.Length);
        foreach (var unit in Encoding.UTF8.GetBytes(url))
        {
            if (unit is > 0x20 and < 0x7f)
                safe.Append((char)unit);
            else
                safe.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
        }

        return safe.ToString();
    }
}
