using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Directories;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>A token that holds, with what it gives access to.</summary>
internal sealed record ValidToken(string Text, Token Token, AccessGrant Access)
{
    /// <summary>The same as the request pipeline knows it.</summary>
    public Caller Caller { get; } = new(
        Access.User.Id, Access.User.Name, Access.User.Domain.Id,
        Access.Scope.Kind == ScopeKind.Project ? Access.Target!.Id : null, Access.Scope.Kind == ScopeKind.Project ? Access.Target!.Name : null,
        Access.Scope.Kind == ScopeKind.Project ? Access.Target!.Domain.Id : null, Access.Scope.Kind == ScopeKind.Domain ? Access.Target!.Id : null,
        Access.Scope.Kind == ScopeKind.System, Access.RoleNames, Text, Token.ExpiresAt)
    {
        Delegation = Access.Delegation,
        CertificateThumbprint = Token.Thumbprint,
        // Whoever holds a key acts with it, but administers nothing. Source: keystone's auth_context middleware.
        BarredFrom = Token.Methods.HasFlag(AuthMethods.Ec2Credential) ? "keystone" : null,
    };

    /// <summary>What policy rules about this token are asked about.</summary>
    public PolicyTarget Target => field ??= new PolicyTarget(null, null, new Dictionary<string, string?> { ["target.token.user_id"] = Token.UserId });

    /// <summary>The answer to "does it hold", once that was asked: kept here, it goes when the token is forgotten.</summary>
    public Task<ApiResult>? Shown { get; set; }

    /// <summary>When what the token rests on must be looked up anew: of users of directories.</summary>
    public DateTimeOffset FreshUntil { get; init; } = DateTimeOffset.MaxValue;
}

/// <summary>
/// Decides whether a token holds: sealed by this cloud, not expired, not revoked, and of a user and scope that exist, are enabled, have
/// roles, and have not voided their tokens since. A token seen since the last change in Identity is answered from memory.
/// </summary>
internal sealed class TokenValidator(
    IdentityDatabase database, DomainDirectories directories, TokenSeal seal, Revocations revocations, AccessReader access, DelegatedReader delegated,
    TimeProvider clock) : ITokenValidator
{
    /// <summary>How long after expiry a service may still validate a token for work under way; Keystone's default for <c>allow_expired</c>.</summary>
    public static readonly TimeSpan AllowExpiredWindow = TimeSpan.FromHours(48);

    public ValueTask<Caller?> FindCallerAsync(string token, CancellationToken ct)
    {
        var pending = FindAsync(token, allowExpired: false, ct);
        return pending.IsCompletedSuccessfully ? new(pending.Result?.Caller) : AwaitAsync(pending);

        static async ValueTask<Caller?> AwaitAsync(ValueTask<ValidToken?> pending) => (await pending)?.Caller;
    }

    /// <summary>Null: the token does not hold.</summary>
    public ValueTask<ValidToken?> FindAsync(string text, bool allowExpired, CancellationToken ct)
    {
        var known = database.Cache.Peek<ValidToken>(new CacheKey("token", text), out var generation);
        if (known is not null && (known.FreshUntil == DateTimeOffset.MaxValue || clock.GetUtcNow() < known.FreshUntil))
            return new(IsCurrent(known.Token, allowExpired) ? known : null);
        if (seal.Open(text) is not { } token || !IsCurrent(token, allowExpired) || revocations.Contains(token.AuditId))
            return new((ValidToken?)null);
        return CheckAsync(text, token, generation, ct);
    }

    private bool IsCurrent(Token token, bool allowExpired)
    {
        var now = clock.GetUtcNow();
        return now < (allowExpired ? token.ExpiresAt + AllowExpiredWindow : token.ExpiresAt);
    }

    private async ValueTask<ValidToken?> CheckAsync(string text, Token token, IdentityCache.Generation generation, CancellationToken ct)
    {
        var found = token.Delegation is { } delegation
            ? await delegated.FindAsync(delegation, token.UserId, ct)
            : await access.FindAsync(token.UserId, token.Scope, ct);
        if (found is not { IsUsable: true } grant || token.IssuedAt < grant.ValidFrom)
            return null;

        var freshUntil = token.Delegation is { } by
            ? await delegated.FindFreshUntilAsync(by, token.UserId, ct)
            : directories.FreshUntil(token.UserId);
        var valid = new ValidToken(text, token, grant) { FreshUntil = freshUntil };
        database.Cache.Keep(generation, new CacheKey("token", text), valid);
        return valid;
    }
}
