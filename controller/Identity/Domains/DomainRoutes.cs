using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Domains;

/// <summary><c>/v3/domains</c>. Source: keystone/api/domains.py.</summary>
internal sealed partial class DomainRoutes(IdentityContext context, ProjectChanges changes)
{
    private static readonly FilterField[] Filters = [new("name", "p.name"), new("enabled", "p.enabled", IsFlag: true)];

    public void Map(ApiRoutes v3)
    {
        var domains = v3.Group("/domains");
        domains.ReadAsking("", "identity:list_domains", ListAsync);
        domains.Post("", CreateAsync).Allow("identity:create_domain");
        domains.Read("/{domain_id}", "identity:get_domain", ShowAsync, FindTargetAsync);
        domains.Patch("/{domain_id}", UpdateAsync).Allow("identity:update_domain", FindExistingAsync);
        domains.Delete("/{domain_id}", DeleteAsync).Allow("identity:delete_domain", FindExistingAsync);
    }

    private static ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct) =>
        new(new PolicyTarget(null, null, new Dictionary<string, string?> { ["target.domain.id"] = request.Path("domain_id") }));

    // Whoever changes what does not exist is told so, whatever its roles: as in Keystone.
    private async ValueTask<PolicyTarget> FindExistingAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, target) = (request.Path("domain_id"), await FindTargetAsync(request, ct));
        return await context.Database.ReadAsync((tx, token) => ProjectJson.Domains.FindAsync(tx, id, token), ct) is { IsDomain: true }
            ? target
            : target with { Missing = IdentityFaults.NotFound("domain", id) };
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var domain = request.Caller.DomainId;
        if (context.Check(request, "identity:list_domains", ("target.domain.id", domain)) is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;

        query.And("p.is_domain = 1");
        if (domain is not null)
            query.And("p.id = @ofDomain", ("ofDomain", domain));
        return await ProjectJson.Domains.ListAsync(context, request, query, ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "domain", ProjectJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var id = body.StringOrNull("explicit_domain_id") ?? Ids.New();
        if (!HexId().IsMatch(id))
            return IdentityFaults.Invalid("Domain ID does not conform to required UUID format.");

        var domain = ProjectChanges.Apply(new Project(id, null, null, true, "", "", true, "", Extra.None, Extra.None), body);
        return (await changes.CreateAsync(request.Actor, domain, ct)).Failed(out var fault, out var created)
            ? fault
            : ProjectJson.Domains.Show(context, request, StatusCodes.Status201Created, created);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("domain_id");
        return await context.Database.ReadAsync((tx, token) => ProjectJson.Domains.FindAsync(tx, id, token), ct) is { IsDomain: true } domain
            ? ProjectJson.Domains.Show(context, request, StatusCodes.Status200OK, domain)
            : IdentityFaults.NotFound("domain", id);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "domain", ProjectJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, request.Path("domain_id")) is { } changed)
            return changed;
        return (await changes.UpdateAsync(request.Actor, request.Path("domain_id"), isDomain: true, body, ct)).Failed(out var fault, out var updated)
            ? fault
            : ProjectJson.Domains.Show(context, request, StatusCodes.Status200OK, updated);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await changes.DeleteAsync(request.Actor, request.Path("domain_id"), isDomain: true, ct) is { } fault ? fault : ApiResult.NoContent;

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex HexId();
}
