using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>A token for another scope of its user; its end stays. Source: keystone/auth/plugins/token.py.</summary>
internal sealed class TokenMethod(TokenValidator tokens) : IAuthMethod
{
    public string Name => "token";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        var text = given.GetProperty("id").GetString()!;
        if (await tokens.FindAsync(text, allowExpired: false, ct) is not { Token: var shown })
            return text.Length == 0 ? new Fault(FaultKind.NotFound, "No token in the request") : IdentityFaults.NotFound("token", text);
        request.ClaimedUserId ??= shown.UserId;
        if (shown.Thumbprint is { } bound && !ClientCertificate.IsShown(request.Request.Http, bound))
            return IdentityFaults.Unauthorized("the token is bound to a certificate that was not shown");
        if (AuthRules.CheckRescope(shown, request.Scope) is { } refused)
            return refused;
        return new Proof(shown.UserId, shown.Methods | AuthMethods.Token, shown.ExpiresAt, shown.ParentAuditId ?? shown.AuditId, shown.Delegation)
        {
            Thumbprint = shown.Thumbprint,
        };
    }
}
