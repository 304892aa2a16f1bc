using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Credentials.Signatures;

/// <summary>An EC2 credential that can be found by its access key.</summary>
/// <param name="Blob">Its secret, and the delegation it was made under.</param>
internal sealed record AccessKey(Credential Credential, JsonElement Blob);

/// <summary>Tokens for who signed with an access key: of the key's project, and no wider than the delegation it was made under.</summary>
internal sealed class SignedAccess(
    IdentityContext context, CredentialStore store, AccessReader access, DelegatedReader delegated, TokenIssuer issuer)
{
    private static readonly (string Member, DelegationKind Kind)[] Delegations =
        [("trust_id", DelegationKind.Trust), ("app_cred_id", DelegationKind.ApplicationCredential), ("access_token_id", DelegationKind.AccessToken)];

    public async Task<AccessKey?> FindKeyAsync(string accessKey, CancellationToken ct)
    {
        var id = Credential.IdOfAccessKey(accessKey);
        var found = await context.Database.ReadAsync((tx, token) => store.Credentials.FindAsync(tx, id, token), ct);
        return found is { Type: Credential.Ec2 } credential && CredentialRules.Parse(credential.Blob) is { } blob ? new AccessKey(credential, blob) : null;
    }

    public async Task<Outcome<ValidToken>> IssueAsync(AccessKey key, CancellationToken ct)
    {
        var (credential, projectId) = (key.Credential, key.Credential.ProjectId ?? "");
        var delegation = Delegations.Select(kind => key.Blob.StringOrNull(kind.Member) is { Length: > 0 } id ? new TokenDelegation(kind.Kind, id) : null)
            .FirstOrDefault(static found => found is not null);
        var end = delegation is null ? null : await context.Database.ReadAsync((tx, token) => DelegatedReader.FindEndAsync(tx, delegation, token), ct);
        if (end <= context.Clock.GetUtcNow())
            return IdentityFaults.Unauthorized("the delegation that the key was made under has ended");

        var grant = delegation is null
            ? await access.FindAsync(credential.UserId, TokenScope.Project(projectId), ct)
            : await delegated.FindAsync(delegation, credential.UserId, ct);
        // A key stays in its project, whatever was written into it.
        if (grant is not { IsUsable: true } || grant.Scope != TokenScope.Project(projectId))
            return IdentityFaults.Unauthorized("the key's user has no role in its project");
        return issuer.Issue(grant, AuthMethods.Ec2Credential, end);
    }
}
