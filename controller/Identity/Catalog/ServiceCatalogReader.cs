using Appliance.Controller.Data;
using Appliance.Controller.Identity.Catalog.Filters;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Federation.ServiceProviders;

namespace Appliance.Controller.Identity.Catalog;

/// <summary>Reads the catalog that tokens carry; from memory when nothing changed.</summary>
internal sealed class ServiceCatalogReader(IdentityDatabase database)
{
    private static readonly CacheKey Key = new("catalog", "");

    public async ValueTask<ServiceCatalog> ReadAsync(CancellationToken ct) =>
        (await database.Cache.FindAsync(Key, ReadRowsAsync, ct))!;

    private static async Task<ServiceCatalog?> ReadRowsAsync(Session tx, CancellationToken ct)
    {
        var endpoints = (await tx.ListAsync(
            "SELECT service_id, id, interface, region_id, url FROM identity_endpoints WHERE enabled = 1 ORDER BY region_id, interface, id",
            static row => (Service: row.String(0), Endpoint: new CatalogEndpoint(row.String(1), row.String(2), row.NullableString(3), row.String(4))),
            ct)).ToLookup(static pair => pair.Service, static pair => pair.Endpoint);
        var services = await tx.ListAsync("SELECT id, type, name FROM identity_services WHERE enabled = 1 ORDER BY type, id",
            static row => (Id: row.String(0), Type: row.String(1), Name: row.NullableString(2) ?? ""), ct);
        return new ServiceCatalog(
            [.. services.Select(service => new CatalogService(service.Id, service.Type, service.Name, [.. endpoints[service.Id]]))],
            await ReadGivenAsync(tx, ct),
            await ServiceProviderRoutes.Providers.ListAsync(tx, new CollectionQuery().And("s.enabled = 1"), ct));
    }

    // Sites that filter endpoints do so for some projects; most filter none.
    private static async Task<IReadOnlyDictionary<string, HashSet<string>>> ReadGivenAsync(Session tx, CancellationToken ct)
    {
        var projects = await tx.ListAsync(
            "SELECT project_id FROM identity_project_endpoints UNION SELECT project_id FROM identity_project_endpoint_groups",
            static row => row.String(0), ct);
        var given = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var project in projects)
        {
            var endpoints = await EndpointFilterStore.ListEndpointsAsync(tx, project, ct);
            if (endpoints.Count > 0)
                given.Add(project, [.. endpoints.Select(static endpoint => endpoint.Id)]);
        }

        return given;
    }
}
