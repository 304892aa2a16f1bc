using Appliance.Controller.Data;

namespace Appliance.Controller.Http;

/// <summary>Who sends a request, as its token says: fixed for the length of the request.</summary>
/// <param name="ProjectId">Null when the token is not scoped to a project.</param>
/// <param name="DomainId">Domain the token is scoped to; null otherwise.</param>
/// <param name="Roles">Names, implied roles included.</param>
/// <param name="ProjectDomainId">Domain of <paramref name="ProjectId"/>.</param>
internal sealed record Caller(
    string UserId, string UserName, string UserDomainId, string? ProjectId, string? ProjectName, string? ProjectDomainId, string? DomainId,
    bool IsSystemScoped, IReadOnlyList<string> Roles, string TokenText, DateTimeOffset ExpiresAt)
{
    public bool IsAdmin { get; } = Roles.Contains("admin");

    /// <summary>The delegation the token stems from; null for a token of the user itself.</summary>
    public DelegatedAccess? Delegation { get; init; }

    /// <summary>Name of the service that the token is of no use at: <c>keystone</c> for tokens that somebody's signature brought; null: none.</summary>
    public string? BarredFrom { get; init; }

    /// <summary>The certificate whose connections alone the token is good for (<see cref="ClientCertificate.Thumbprint"/>); null: all.</summary>
    public string? CertificateThumbprint { get; init; }

    public bool HasRole(string role)
    {
        for (var i = 0; i < Roles.Count; i++)
        {
            if (string.Equals(Roles[i], role, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    public Actor ActorOf(string requestId) => new(requestId, UserId, ProjectId);
}

/// <summary>What lets a token act for somebody who did not log in for it: an application credential, a trust. The kinds are Identity's.</summary>
/// <param name="AccessRules">The requests it is good for; null: all that its roles allow.</param>
internal abstract record DelegatedAccess(string Id, IReadOnlyList<AccessRule>? AccessRules)
{
    public bool Allows(ApiService service, string method, string path) =>
        AccessRules is null || AccessRules.Any(rule => rule.Allows(service, method, path));
}

/// <summary>Turns a token into a caller. Declared here, implemented by Identity, so that the request pipeline knows no service.</summary>
internal interface ITokenValidator
{
    /// <summary>Null: the token is malformed, expired, revoked or of something that is gone or disabled.</summary>
    ValueTask<Caller?> FindCallerAsync(string token, CancellationToken ct);
}
