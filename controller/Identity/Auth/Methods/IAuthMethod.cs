using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>A way to prove who one is.</summary>
internal interface IAuthMethod
{
    /// <summary>As <c>methods</c> of a request has it.</summary>
    string Name { get; }

    /// <param name="given">What the request says under the method's name.</param>
    /// <returns>A refusal tells nothing about what exists.</returns>
    Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct);
}

/// <summary>What the methods of a request proved together.</summary>
/// <param name="ExpiresAt">End inherited from the token shown; null when none was.</param>
/// <param name="Delegation">What was shown, or what the token shown stems from: it decides scope and roles.</param>
internal sealed record Proof(
    string UserId, AuthMethods Methods, DateTimeOffset? ExpiresAt = null, string? ParentAuditId = null, TokenDelegation? Delegation = null)
{
    /// <summary>The certificate that the token shown is bound to, and the next must be; null: none.</summary>
    public string? Thumbprint { get; init; }

    public Proof And(Proof other) => this with
    {
        Thumbprint = Thumbprint ?? other.Thumbprint,
        Methods = Methods | other.Methods,
        ExpiresAt = ExpiresAt is { } mine && other.ExpiresAt is { } theirs && theirs < mine ? theirs : ExpiresAt ?? other.ExpiresAt,
        ParentAuditId = ParentAuditId ?? other.ParentAuditId,
        Delegation = Delegation ?? other.Delegation,
    };
}
