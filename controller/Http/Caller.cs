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

    /// <summary>The application credential the token stems from; null for a token of the user itself.</summary>
    public DelegatedAccess? Delegation { get; init; }

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

/// <summary>What an application credential lets its tokens do.</summary>
/// <param name="IsUnrestricted">It may make and delete credentials and the like; others may not.</param>
/// <param name="AccessRules">The requests it is good for; null: all that its roles allow.</param>
internal sealed record DelegatedAccess(string Id, string Name, bool IsUnrestricted, IReadOnlyList<AccessRule>? AccessRules)
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
