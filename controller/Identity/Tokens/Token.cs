namespace Appliance.Controller.Identity.Tokens;

/// <summary>How somebody proved who they are; bits, as they stand in a token. A released bit never changes.</summary>
[Flags]
internal enum AuthMethods : ushort
{
    None = 0,
    Password = 1,
    Token = 2,
    ApplicationCredential = 4,
    Totp = 8,
    OAuth1 = 16,
    Ec2Credential = 32,
    Mapped = 64,
    OpenId = 128,

    /// <summary>A certificate, by OAuth 2.0. Follows from the token's being bound to one, and is not written.</summary>
    OAuth2Credential = 256,
}

/// <summary>What stands between a token and the user whose roles it carries; the numbers stand in tokens, as flags.</summary>
internal enum DelegationKind : byte
{
    ApplicationCredential = 2,
    Trust = 4,
    AccessToken = 8,
}

/// <summary>The delegation that a token stems from; it bounds the token's roles and scope.</summary>
internal sealed record TokenDelegation(DelegationKind Kind, string Id);

/// <summary>What a token gives access to; the numbers stand in tokens.</summary>
internal enum ScopeKind : byte
{
    Unscoped = 0,
    Project = 1,
    Domain = 2,
    System = 3,
}

/// <param name="Id">Project or domain; null for the other kinds.</param>
internal readonly record struct TokenScope(ScopeKind Kind, string? Id)
{
    public static readonly TokenScope Unscoped;
    public static readonly TokenScope System = new(ScopeKind.System, null);
    public static TokenScope Project(string id) => new(ScopeKind.Project, id);
    public static TokenScope Domain(string id) => new(ScopeKind.Domain, id);
}

/// <summary>What a token says by itself. Roles and names are not in it: they are looked up when it is used, so that taking a role away works at once.</summary>
/// <param name="AuditId">16 bytes, base64url: names this token in logs and revocations.</param>
/// <param name="ParentAuditId">Audit id of the first token of a chain of re-scoped ones.</param>
/// <param name="Delegation">Null: the user acts for itself.</param>
internal sealed record Token(
    AuthMethods Methods, string UserId, TokenScope Scope, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt,
    string AuditId, string? ParentAuditId, TokenDelegation? Delegation)
{
    /// <summary>The certificate it is bound to (<see cref="Http.ClientCertificate.Thumbprint"/>); null: none.</summary>
    public string? Thumbprint { get; init; }

    /// <summary>Every method with its name on the wire, in the order that documents show them in.</summary>
    public static readonly (AuthMethods Method, string Name)[] Names =
    [
        (AuthMethods.Password, "password"), (AuthMethods.Token, "token"), (AuthMethods.ApplicationCredential, "application_credential"),
        (AuthMethods.Totp, "totp"), (AuthMethods.OAuth1, "oauth1"), (AuthMethods.Ec2Credential, "ec2credential"),
        (AuthMethods.Mapped, "mapped"), (AuthMethods.OpenId, "openid"), (AuthMethods.OAuth2Credential, "oauth2_credential"),
    ];

    public static IEnumerable<string> NamesOf(AuthMethods methods)
    {
        foreach (var (method, name) in Names)
        {
            if (methods.HasFlag(method))
                yield return name;
        }
    }
}
