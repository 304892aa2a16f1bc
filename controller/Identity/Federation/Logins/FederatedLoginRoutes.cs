using Appliance.Controller.Http;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>
/// <c>/v3/OS-FEDERATION/identity_providers/{id}/protocols/{id}/auth</c>: an unscoped token for who the provider vouches for, as the OpenID
/// Connect plugins of keystoneauth ask for it. Source: keystone/api/os_federation.py.
/// </summary>
internal sealed class FederatedLoginRoutes(
    IdentityContext context, FederatedLogin login, ScopeGranter granter, TokenIssuer issuer, ServiceCatalogReader catalogs)
{
    public void Map(ApiRoutes v3)
    {
        const string Path = "/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth";
        v3.Get(Path, IssueAsync).Public();
        v3.Head(Path, IssueAsync).Public();
        v3.Post(Path, IssueAsync).Public();
    }

    private async Task<ApiResult> IssueAsync(ApiRequest request, CancellationToken ct)
    {
        var protocolId = request.Path("protocol_id");
        if ((await login.ProveAsync(request, request.Path("idp_id"), protocolId, ct)).Failed(out var refused, out var userId))
            return refused;
        var proof = new Proof(userId, protocolId == "openid" ? AuthMethods.OpenId : AuthMethods.Mapped);
        if ((await granter.GrantAsync(proof, new AskedScope(AskedScopeKind.Unscoped), ct)).Failed(out var fault, out var granted))
            return fault;
        var valid = issuer.Issue(granted.Access, proof.Methods);
        var (catalog, baseUrl) = (await catalogs.ReadAsync(ct), context.BaseUrl(request));
        request.Http.Response.Headers[AuthRoutes.SubjectToken] = valid.Text;
        request.Http.Response.Headers.Vary = "X-Auth-Token";
        return ApiResult.Json(StatusCodes.Status201Created, writer => TokenDocument.Write(writer, valid, catalog, baseUrl));
    }
}
