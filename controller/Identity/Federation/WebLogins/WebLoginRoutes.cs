using Appliance.Controller.Http;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.Federation.Protocols;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// Logging in to a dashboard by a browser: <c>/v3/auth/OS-FEDERATION/websso/{protocol}</c> and
/// <c>…/identity_providers/{id}/protocols/{id}/websso</c>, with <c>origin</c>. In front of Keystone a module of the web server talks to the provider;
/// here the same address does: it begins the login, and the provider sends the browser back to it, with <c>state</c> and a code.
/// Source: keystone/api/auth.py.
/// </summary>
internal sealed class WebLoginRoutes(IdentityContext context, FederatedLogin login, OpenIdClient openId, Lazy<SiteSecret> secret)
{
    private readonly FederationSettings _settings = context.Options.Identity.Federation;
    private readonly TrustedDashboards _dashboards = new(context.Options.Identity.Federation.TrustedDashboards);

    public void Map(ApiRoutes v3)
    {
        const string OfProvider = "/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso";
        foreach (var (path, handler) in new (string, ApiHandler)[] { ("/auth/OS-FEDERATION/websso/{protocol_id}", BeginAnywhereAsync), (OfProvider, GoOnAsync) })
        {
            v3.Get(path, handler).Public();
            v3.Head(path, handler).Public();
            v3.Post(path, handler).Public();
        }
    }

    // The one provider that takes the protocol. Keystone has the web server say which it was.
    private async Task<ApiResult> BeginAnywhereAsync(ApiRequest request, CancellationToken ct)
    {
        var protocolId = request.Path("protocol_id");
        var providers = new List<string>();
        foreach (var client in _settings.Clients)
        {
            if (await FindIssuerAsync(client, protocolId, ct) is not null)
                providers.Add(client.ProviderId);
        }

        return providers switch
        {
            [] => new Fault(FaultKind.Unauthorized, "Missing entity ID from environment"),
            [var only] => await BeginAsync(request, only, protocolId, ct),
            _ => new Fault(FaultKind.Unauthorized,
                $"More than one identity provider takes protocol {protocolId}: ask for one, at identity_providers/{{id}}/protocols/{protocolId}/websso"),
        };
    }

    private async Task<ApiResult> GoOnAsync(ApiRequest request, CancellationToken ct)
    {
        var form = HttpMethods.IsPost(request.Http.Request.Method) ? await FormBody.ReadAsync(request.Http.Request, ct) : null;
        string? Given(string name) => form?.GetValueOrDefault(name) ?? request.QueryValue(name);
        var (providerId, protocolId) = (request.Path("idp_id"), request.Path("protocol_id"));
        return Given("state") is { } state && !HttpMethods.IsHead(request.Http.Request.Method)
            ? await EndAsync(request, providerId, protocolId, state, Given("code"), Given("iss"), ct)
            : await BeginAsync(request, providerId, protocolId, ct);
    }

    private async Task<ApiResult> BeginAsync(ApiRequest request, string providerId, string protocolId, CancellationToken ct)
    {
        if (_dashboards.Read(request).Failed(out var untrusted, out var origin))
            return untrusted;
        if (Find(providerId) is not { } client || await FindIssuerAsync(client, protocolId, ct) is not { } issuer)
            return IdentityFaults.Unauthorized("no such enabled provider with that protocol and a client of ours");
        var back = $"{context.V3Url(request)}/auth/OS-FEDERATION/identity_providers/{Uri.EscapeDataString(providerId)}"
            + $"/protocols/{Uri.EscapeDataString(protocolId)}/websso";
        var state = WebLoginState.Begin(providerId, protocolId, origin, back, context.Clock.GetUtcNow());
        if ((await openId.BeginAsync(client, issuer, state, ct)).Failed(out var fault, out var place))
            return fault;
        request.Http.Response.Cookies.Append(WebLoginState.CookieName(state.State)!, state.Seal(secret.Value), CookieFor(back));
        return ApiResult.Redirect(StatusCodes.Status302Found, place).With("Cache-Control", "no-store");
    }

    private async Task<ApiResult> EndAsync(
        ApiRequest request, string providerId, string protocolId, string state, string? code, string? issuedBy, CancellationToken ct)
    {
        if (WebLoginState.CookieName(state) is not { } cookie
            || WebLoginState.Open(secret.Value, request.Http.Request.Cookies[cookie], state, context.Clock.GetUtcNow()) is not { } begun
            || begun.ProviderId != providerId || begun.ProtocolId != protocolId || !_dashboards.IsTrusted(begun.Origin))
            return IdentityFaults.Unauthorized("the login was not begun in this browser, or too long ago");
        request.Http.Response.Cookies.Delete(cookie, CookieFor(begun.RedirectUri));
        if (Find(providerId) is not { } client || await FindIssuerAsync(client, protocolId, ct) is not { } issuer)
            return IdentityFaults.Unauthorized("no such enabled provider with that protocol and a client of ours");
        // RFC 9207: an answer that another provider made must not be taken for this one's.
        if (string.IsNullOrEmpty(code) || (issuedBy is not null && issuedBy != issuer))
            return IdentityFaults.Unauthorized("the provider refused the login, or it was another provider");
        if ((await login.LogInAsync(request, providerId, protocolId, (_, token) => openId.RedeemAsync(client, issuer, code, begun, token), ct))
            .Failed(out var refused, out var valid))
            return refused;
        return DashboardPage.Answer(_settings.CallbackTemplate, begun.Origin, valid.Text);
    }

    private OpenIdClientSettings? Find(string providerId) => _settings.Clients.FirstOrDefault(client => client.ProviderId == providerId);

    // Null: the provider is not there or disabled, has not that protocol, or not that issuer among its remote ids.
    private Task<string?> FindIssuerAsync(OpenIdClientSettings client, string protocolId, CancellationToken ct) =>
        context.Database.ReadAsync(async (tx, token) =>
        {
            if (await IdentityProviderJson.FindAsync(tx, client.ProviderId, token) is not { Enabled: true } provider
                || await ProtocolRoutes.FindAsync(tx, client.ProviderId, protocolId, token) is null)
                return null;
            return provider.RemoteIds.FirstOrDefault(remote => client.Issuer is { } issuer ? remote == issuer : remote.Contains("://", StringComparison.Ordinal));
        }, ct);

    // An answer by POST comes from another site: only a cookie for all sites comes with it, which browsers keep only for HTTPS.
    private static CookieOptions CookieFor(string back)
    {
        var address = new Uri(back);
        var isSecure = address.Scheme == Uri.UriSchemeHttps;
        return new CookieOptions
        {
            HttpOnly = true,
            Secure = isSecure,
            SameSite = isSecure ? SameSiteMode.None : SameSiteMode.Lax,
            Path = address.AbsolutePath,
            MaxAge = WebLoginState.Lifetime,
        };
    }
}
