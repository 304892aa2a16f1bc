using Appliance.Controller.Http;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Catalog;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>
/// <c>/v3/OS-FEDERATION/identity_providers/{id}/protocols/{id}/auth</c>: an unscoped token for who the provider vouches for, as the OpenID
/// Connect plugins of keystoneauth ask for it. Source: keystone/api/os_federation.py.
/// </summary>
internal sealed class FederatedLoginRoutes(IdentityContext context, FederatedLogin login, BearerAssertion bearer, ServiceCatalogReader catalogs)
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
        if ((await login.LogInAsync(request, request.Path("idp_id"), request.Path("protocol_id"),
            (provider, token) => bearer.ReadAsync(request.Http.Request, provider, token), ct)).Failed(out var refused, out var valid))
            return refused;
        var (catalog, baseUrl) = (await catalogs.ReadAsync(ct), context.BaseUrl(request));
        request.Http.Response.Headers[AuthRoutes.SubjectToken] = valid.Text;
        request.Http.Response.Headers.Vary = "X-Auth-Token";
        return ApiResult.Json(StatusCodes.Status201Created, writer => TokenDocument.Write(writer, valid, catalog, baseUrl));
    }
}
