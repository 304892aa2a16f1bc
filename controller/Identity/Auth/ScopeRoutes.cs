using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What the caller's user may scope a token to, and the catalog: <c>/v3/auth/{projects,domains,system,catalog}</c>. Source: keystone/api/auth.py.</summary>
internal sealed class ScopeRoutes(IdentityContext context, ServiceCatalogReader catalogs)
{
    public void Map(ApiRoutes v3)
    {
        v3.Read("/auth/projects", "identity:get_auth_projects", ListProjectsAsync);
        v3.Read("/auth/domains", "identity:get_auth_domains", ListDomainsAsync);
        v3.Read("/OS-FEDERATION/projects", "identity:get_auth_projects", ListProjectsAsync);
        v3.Read("/OS-FEDERATION/domains", "identity:get_auth_domains", ListDomainsAsync);
        v3.Read("/auth/system", "identity:get_auth_system", ShowSystemAsync);
        v3.Read("/auth/catalog", "identity:get_auth_catalog", ShowCatalogAsync);
    }

    private Task<ApiResult> ListProjectsAsync(ApiRequest request, CancellationToken ct) => ProjectJson.Projects.ListAsync(
        context, request, new CollectionQuery().And(UserScopes.ProjectCondition, ("scopesOf", request.Caller.UserId)), ct);

    private Task<ApiResult> ListDomainsAsync(ApiRequest request, CancellationToken ct) => ProjectJson.Domains.ListAsync(
        context, request, new CollectionQuery().And(UserScopes.DomainCondition, ("scopesOf", request.Caller.UserId)), ct);

    private async Task<ApiResult> ShowSystemAsync(ApiRequest request, CancellationToken ct)
    {
        var hasSystem = await context.Database.ReadAsync((tx, token) => UserScopes.HasSystemAsync(tx, request.Caller.UserId, token), ct);
        var self = context.SelfUrl(request);
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("system");
            if (hasSystem)
            {
                writer.WriteStartObject();
                writer.WriteBoolean("all", true);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartObject("links");
            writer.WriteString("self", self);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowCatalogAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Caller.ProjectId is not { } project)
            return new Fault(FaultKind.Forbidden, "You are not authorized to perform the requested action.", "a project-scoped token is required");
        var catalog = await catalogs.ReadAsync(ct);
        var (baseUrl, self) = (context.BaseUrl(request), context.SelfUrl(request));
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("catalog");
            catalog.Write(writer, baseUrl, project, request.Caller.UserId);
            writer.WriteStartObject("links");
            writer.WriteString("self", self);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }
}
