using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Federation.Mappings;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Auth.OAuth2;

/// <summary>
/// <c>tls_client_auth</c>: the client is a user, and the certificate of its connection must be that user's by the rules of a mapping. The token
/// is for the user's default project and good on connections of that certificate only. Source: keystone/api/os_oauth2.py; RFC 8705, 2.1 and 3.
/// </summary>
internal sealed class CertificateLogin(IdentityContext context, ScopeGranter granter, TokenIssuer issuer)
{
    public async Task<Outcome<ValidToken>> ProveAsync(string userId, X509Certificate2 certificate, CancellationToken ct)
    {
        var mappingId = context.Options.Identity.OAuth2.CertificateMappingId;
        var (user, domain, mapping) = await context.Database.ReadAsync(async (tx, token) =>
        {
            var found = await UserJson.Users.FindAsync(tx, userId, token);
            return (found, found is null ? null : await ProjectJson.Domains.FindAsync(tx, found.DomainId, token),
                await MappingJson.Mappings.FindAsync(tx, mappingId, token));
        }, ct);
        if (user is null || domain is null)
            return IdentityFaults.Unauthorized("no such user");
        if (user.DefaultProjectId is not { Length: > 0 } projectId)
            return IdentityFaults.Unauthorized("the user has no default project");
        if (mapping is null)
            return IdentityFaults.Unauthorized($"there is no mapping {mappingId}");
        using var rules = JsonDocument.Parse(mapping.Rules);
        if (MappingRules.Apply(rules.RootElement, CertificateNames.Read(certificate), MappingDialect.Of(mapping.SchemaVersion))
            .Failed(out var unmapped, out var identity))
            return unmapped;
        if (!IsOf(identity, user, domain))
            return IdentityFaults.Unauthorized("the certificate is not this user's");

        var proof = new Proof(user.Id, AuthMethods.OAuth2Credential);
        var scope = new AskedScope(AskedScopeKind.Project, new NameInDomain(projectId, null, null, null));
        return (await granter.GrantAsync(proof, scope, ct)).Failed(out var refused, out var granted)
            ? refused
            : issuer.Issue(granted.Access, proof.Methods, granted.ExpiresAt, null, ClientCertificate.Thumbprint(certificate));
    }

    // Everything the mapping says must fit. One that says neither id nor name would let any certificate be anybody's.
    private static bool IsOf(MappedIdentity identity, User user, Project domain) =>
        identity.User is { } said
        && !(string.IsNullOrEmpty(said.Id) && string.IsNullOrEmpty(said.Name))
        && Fits(said.Id, user.Id) && Fits(said.Name, user.Name) && Fits(said.DomainId, domain.Id) && Fits(said.DomainName, domain.Name)
        && Fits(identity.Email, EmailOf(user));

    private static bool Fits(string? said, string? actual) => string.IsNullOrEmpty(said) || said == actual;

    private static string? EmailOf(User user)
    {
        using var extra = JsonDocument.Parse(user.Extra);
        return extra.RootElement.StringOrNull("email");
    }
}
