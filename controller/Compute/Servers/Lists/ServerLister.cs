using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers.Lists;

/// <summary>One page of servers.</summary>
/// <param name="IsFull">Whether there may be more: Nova links to a next page exactly then.</param>
internal sealed record ServerPage(List<Server> Servers, bool IsFull);

/// <summary>Reads pages of servers: one query, whatever the filters.</summary>
internal sealed class ServerLister(IServerNetworking networking)
{
    public async Task<Outcome<ServerPage>> ListAsync(Session tx, ServerListRequest request, CancellationToken ct)
    {
        var filters = request.Filters;
        if (filters.MatchesNothing || request.Page.Limit == 0)
            return new ServerPage([], false);
        Server? marker = null;
        if (request.Page.Marker is { } id)
        {
            marker = await ServerStore.FindEverAsync(tx, id, ct);
            if (marker is null || (request.ProjectId is { } project && marker.ProjectId != project))
                return ComputeFaults.Invalid($"marker [{id}] not found");
        }

        foreach (var (version, pattern) in filters.Addresses)
        {
            var ids = await networking.ListServersByAddressAsync(tx, request.ProjectId, version, pattern, ct);
            filters.Match(server => ids.Contains(server.Id));
        }

        return await ReadAsync(tx, request, marker, ct);
    }

    private static async Task<ServerPage> ReadAsync(Session tx, ServerListRequest request, Server? marker, CancellationToken ct)
    {
        var (filters, limit) = (request.Filters, request.Page.Limit ?? ComputePaging.MaxLimit);
        var mustSkip = marker is not null && !request.Order.IsDefault;
        if (marker is not null && request.Order.IsDefault)
        {
            var at = filters.Bind(marker.CreatedAt);
            filters.Require($"(created_at < {at} OR (created_at = {at} AND number < {filters.Bind(marker.Number)}))");
        }

        var sql = $"SELECT {ServerStore.Columns} FROM servers WHERE {filters.Where} ORDER BY {request.Order.OrderBy}";
        if (!mustSkip && !filters.HasMatches)
            sql += $" LIMIT {filters.Bind((long)limit)}";

        var servers = new List<Server>();
        await foreach (var server in tx.StreamAsync(sql, ServerStore.Map, ct, [.. filters.Parameters]))
        {
            if (mustSkip)
            {
                mustSkip = server.Id != marker!.Id;
                continue;
            }

            if (!filters.Passes(server))
                continue;
            servers.Add(server);
            if (servers.Count == limit)
                break;
        }

        return new ServerPage(servers, servers.Count == limit);
    }
}
