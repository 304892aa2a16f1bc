using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary><c>/v3/auth</c>: getting, checking and revoking tokens. Source: keystone/api/auth.py.</summary>
internal sealed class AuthRoutes(
    Authenticator authenticator, TokenValidator tokens, Revocations revocations, ServiceCatalogReader catalogs, PolicyEngine policy,
    ControllerOptions options)
{
    public const string SubjectToken = "X-Subject-Token";

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
            return refused;
        return issued.Token is { } token ? await AnswerAsync(request, StatusCodes.Status201Created, token, ct) : issued.Receipt!.Answer();
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var allowExpired = request.QueryValue("allow_expired") is { } flag && QueryFlags.IsTrue(flag);
        var rule = HttpMethods.IsHead(request.Http.Request.Method) ? "identity:check_token" : "identity:validate_token";
        if ((await FindSubjectAsync(request, rule, allowExpired, ct)).Failed(out var missing, out var valid))
            return missing;
        return await AnswerAsync(request, StatusCodes.Status200OK, valid, ct);
    }

    private async Task<ApiResult> RevokeAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindSubjectAsync(request, "identity:revoke_token", allowExpired: false, ct)).Failed(out var missing, out var valid))
            return missing;
        await revocations.AddAsync(valid.Token, request.Actor, ct);
        return ApiResult.NoContent;
    }

    // A token that does not hold is a 404 for whoever asks, before any policy: as in Keystone.
    private async Task<Outcome<ValidToken>> FindSubjectAsync(ApiRequest request, string rule, bool allowExpired, CancellationToken ct)
    {
        if (request.Http.Request.Headers[SubjectToken] is not [{ Length: > 0 } text, ..])
            return new Fault(FaultKind.NotFound, "No token in the request");
        if (await tokens.FindAsync(text, allowExpired, ct) is not { } valid)
            return IdentityFaults.NotFound("token", text);

        var target = new PolicyTarget(null, null, new Dictionary<string, string?> { ["target.token.user_id"] = valid.Token.UserId });
        return policy.Check("keystone", rule, request.Caller, target) is { } refused ? refused : valid;
    }

    private async Task<ApiResult> AnswerAsync(ApiRequest request, int status, ValidToken valid, CancellationToken ct)
    {
        var (catalog, showsCatalog) = (await catalogs.ReadAsync(ct), !request.Query.ContainsKey("nocatalog"));
        var baseUrl = options.PublicUrl ?? $"{request.Http.Request.Scheme}://{request.Http.Request.Host}";
        request.Http.Response.Headers[SubjectToken] = valid.Text;
        request.Http.Response.Headers.Vary = "X-Auth-Token";
        return ApiResult.Json(status, writer => TokenDocument.Write(writer, valid, catalog, baseUrl, showsCatalog));
    }
}
