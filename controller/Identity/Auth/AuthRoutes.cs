using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary><c>/v3/auth</c>: getting, checking and revoking tokens. Source: keystone/api/auth.py.</summary>
internal sealed class AuthRoutes(
    Authenticator authenticator, LoginAudit audit, TokenValidator tokens, Revocations revocations, ServiceCatalogReader catalogs, PolicyEngine policy,
    ControllerOptions options)
{
    public const string SubjectToken = "X-Subject-Token";

    private readonly PublicAddress _address = new(options.PublicUrl);

    public void Map(ApiRoutes v3)
    {
        var auth = v3.Group("/auth");
        auth.Post("/tokens", IssueAsync).Public();
        auth.Get("/tokens", ShowAsync).AllowInHandler("identity:validate_token");
        auth.Head("/tokens", ShowAsync).AllowInHandler("identity:check_token");
        auth.Delete("/tokens", RevokeAsync).AllowInHandler("identity:revoke_token");
    }

    private async Task<ApiResult> IssueAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (AuthRequest.Read(request, body).Failed(out var invalid, out var asked))
            return invalid;
        if ((await authenticator.AuthenticateAsync(asked, ct)).Failed(out var refused, out var issued))
        {
            await audit.FailedAsync(request, asked.ClaimedUserId, asked.Methods, refused, ct);
            return refused;
        }

        if (issued.Token is not { } token)
        {
            audit.SucceededInPart(request, issued.Receipt!.User.Id, asked.Methods);
            return issued.Receipt.Answer();
        }

        audit.Succeeded(request, token);
        return new TokenAnswer(StatusCodes.Status201Created, token, await catalogs.ReadAsync(ct), _address);
    }

    // The most frequent request of a cloud: every service asks it of every request it serves. A token that was asked about before is answered
    // without I/O, without a task and without an object; a test holds it there.
    private Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (SubjectOf(request) is not { } text)
            return Task.FromResult<ApiResult>(NoSubject);
        var allowExpired = request.Http.Request.QueryString.HasValue
            && request.QueryValue("allow_expired") is { } flag && QueryFlags.IsTrue(flag);
        var finding = tokens.FindAsync(text, allowExpired, ct);
        return finding.IsCompletedSuccessfully ? ShowFoundAsync(request, text, finding.Result, ct) : AwaitAsync(request, text, finding, ct);
    }

    private async Task<ApiResult> AwaitAsync(ApiRequest request, string text, ValueTask<ValidToken?> finding, CancellationToken ct) =>
        await ShowFoundAsync(request, text, await finding, ct);

    private Task<ApiResult> ShowFoundAsync(ApiRequest request, string text, ValidToken? found, CancellationToken ct)
    {
        if (found is not { } valid)
            return Task.FromResult<ApiResult>(IdentityFaults.NotFound("token", text));
        if (policy.Check("keystone", RuleOf(request), request.Caller, valid.Target) is { } refused)
            return Task.FromResult<ApiResult>(refused);
        return valid.Shown ?? ShowFirstAsync(valid, ct);
    }

    private async Task<ApiResult> ShowFirstAsync(ValidToken valid, CancellationToken ct)
    {
        valid.Shown = Task.FromResult<ApiResult>(new TokenAnswer(StatusCodes.Status200OK, valid, await catalogs.ReadAsync(ct), _address));
        return await valid.Shown;
    }

    private static string RuleOf(ApiRequest request) =>
        HttpMethods.IsHead(request.Http.Request.Method) ? "identity:check_token" : "identity:validate_token";

    private async Task<ApiResult> RevokeAsync(ApiRequest request, CancellationToken ct)
    {
        // A token that does not hold is a 404 for whoever asks, before any policy: as in Keystone.
        if (SubjectOf(request) is not { } text)
            return NoSubject;
        if (await tokens.FindAsync(text, allowExpired: false, ct) is not { } valid)
            return IdentityFaults.NotFound("token", text);
        if (policy.Check("keystone", "identity:revoke_token", request.Caller, valid.Target) is { } refused)
            return refused;
        await revocations.AddAsync(valid.Token, request.Actor, ct);
        return ApiResult.NoContent;
    }

    private static readonly Fault NoSubject = new(FaultKind.NotFound, "No token in the request");

    private static string? SubjectOf(ApiRequest request) => request.Http.Request.Headers[SubjectToken] is [{ Length: > 0 } text, ..] ? text : null;
}
