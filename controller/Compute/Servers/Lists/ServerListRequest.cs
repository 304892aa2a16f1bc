using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Servers.Lists;

/// <summary>The query of <c>GET /servers</c> and <c>/servers/detail</c>, read and checked.</summary>
/// <param name="ProjectId">Null: all projects.</param>
internal sealed record ServerListRequest(ServerFilters Filters, ServerOrder Order, Page Page, string? ProjectId);

/// <summary>Reads list queries (nova/api/openstack/compute/servers.py, _get_servers).</summary>
internal sealed class ServerListReader(PolicyEngine policy)
{
    // Names of tables in Nova's database, which must not be filtered by.
    private static readonly string[] Forbidden =
        ["block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups", "pci_devices"];

    private static readonly string[] ForEverybody = ["reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"];

    public Outcome<ServerListRequest> Read(ApiRequest request, string operation)
    {
        if (ComputePaging.Read(request).Failed(out var badPage, out var page))
            return badPage;
        if (ServerOrder.Read(request).Failed(out var badOrder, out var order))
            return badOrder;
        var mayFilterAll = policy.Allows("nova", "os_compute_api:servers:allow_all_filters", request.Caller, PolicyTarget.Of(request.Caller));
        var filters = new ServerFilters();
        foreach (var (key, values) in request.Query)
        {
            if (!mayFilterAll && !IsForEverybody(key, request.Version))
                continue;
            if (Forbidden.Contains(key) || key.StartsWith('_'))
                return ComputeFaults.Invalid($"Invalid filter field: {key}.");
            if (values.Count > 0 && Apply(filters, request, key, values[^1] ?? "") is { } bad)
                return bad;
        }

        if (ReadScope(request, filters, operation).Failed(out var refused, out var scope))
            return refused;
        return ReadDeleted(request, filters, mayFilterAll) is { } notAllowed
            ? notAllowed
            : new ServerListRequest(filters, order, page, scope.ProjectId);
    }

    private static bool IsForEverybody(string key, Microversion version) =>
        ForEverybody.Contains(key) || (key == "ip6" && version >= ComputeVersions.Ip6FilterForAll);

    private static Fault? Apply(ServerFilters filters, ApiRequest request, string key, string value)
    {
        switch (key)
        {
            case "status":
                return ApplyStatus(filters, request);
            case "changes-since":
                if (!IsoTime.TryParse(value, out var since))
                    return ComputeSchemas.InvalidQuery(key, value, $"'{value}' is not a 'date-time'");
                filters.AtOrAfter("updated_at", since);
                return null;
            case "ip" or "ip6":
                if (!TryPattern(key, value, out _, out var badIp))
                    return badIp;
                filters.Addresses.Add((key == "ip" ? 4 : 6, value));
                return null;
            case "vm_state":
                filters.AnyOf("vm_state", request.Query[key].OfType<string>());
                return null;
            case "config_drive":
                filters.Equal("config_drive", ComputeSchemas.ParseBoolean(value) == true);
                return null;
            case "power_state":
                filters.Equal("power_state", long.TryParse(value, CultureInfo.InvariantCulture, out var power) ? power : -1);
                return null;
            default:
                return ServerFilterColumns.Exact.TryGetValue(key, out var column)
                    ? Equal(filters, column, value)
                    : ApplyPattern(filters, key, value);
        }
    }

    private static Fault? Equal(ServerFilters filters, string column, string value)
    {
        filters.Equal(column, value);
        return null;
    }

    private static Fault? ApplyPattern(ServerFilters filters, string key, string value)
    {
        if (!ServerFilterColumns.Patterns.TryGetValue(key, out var column))
            return null;
        if (!TryPattern(key, value, out var pattern, out var bad))
            return bad;
        filters.Pattern(pattern, column);
        return null;
    }

    private static Fault? ApplyStatus(ServerFilters filters, ApiRequest request)
    {
        var states = request.Query["status"].OfType<string>().SelectMany(ServerStatusNames.StatesOf).Distinct().ToList();
        if (states.Count == 0)
        {
            filters.MatchesNothing = true;
            return request.Version >= ComputeVersions.BadStatusIsRefused
                && !request.Query["status"].OfType<string>().Any(ServerStatusNames.IsKnown)
                    ? ComputeFaults.Invalid("Invalid status value") : null;
        }

        filters.States(states);
        return null;
    }

    private Outcome<(string? ProjectId, bool IsAll)> ReadScope(ApiRequest request, ServerFilters filters, string operation)
    {
        var caller = request.Caller;
        if (!AsksForAll(request).Failed(out var bad, out var isAll) && isAll)
        {
            if (policy.Check("nova", $"os_compute_api:servers:{operation}:get_all_tenants", caller, PolicyTarget.Of(caller)) is { } refused)
                return refused;
            var project = request.QueryValue("project_id") ?? request.QueryValue("tenant_id");
            if (project is not null)
                filters.Equal("project_id", project);
            return (project, true);
        }

        if (bad is not null)
            return bad;
        if (caller.ProjectId is { } own)
            filters.Equal("project_id", own);
        else
            filters.Equal("user_id", caller.UserId);
        return (caller.ProjectId, false);
    }

    // A bare "all_tenants" means yes (nova/api/openstack/common.py, is_all_tenants).
    private static Outcome<bool> AsksForAll(ApiRequest request)
    {
        if (request.QueryValue("all_tenants") is not { } text)
            return false;
        if (text.Length == 0)
            return true;
        return ComputeSchemas.ParseBoolean(text) is { } value ? value : ComputeFaults.Invalid($"Unrecognized value '{text}', acceptable values are: "
            + "'0', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes', '1'");
    }

    // Deleted servers are shown when asked for by an administrator, and in lists of what changed.
    private static Fault? ReadDeleted(ApiRequest request, ServerFilters filters, bool mayFilterAll)
    {
        var isStatusDeleted = request.Query["status"].Any(static status => "deleted".Equals(status, StringComparison.OrdinalIgnoreCase));
        if (isStatusDeleted && !request.Caller.IsAdmin)
            return ComputeFaults.Forbidden("Only administrators may list deleted instances");
        var asked = mayFilterAll && request.QueryValue("deleted") is { } text ? ComputeSchemas.ParseBoolean(text) == true : (bool?)null;
        if (isStatusDeleted || asked == true)
            filters.Require("deleted_at IS NOT NULL");
        else if (asked == false || !request.Query.ContainsKey("changes-since"))
            filters.Require("deleted_at IS NULL");
        return null;
    }

    private static bool TryPattern(string key, string value, out Regex pattern, out Fault? bad)
    {
        (pattern, bad) = (null!, null);
        try
        {
            // Without backtracking no pattern of a tenant takes longer than its text is long.
            pattern = new Regex(value, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            bad = ComputeSchemas.InvalidQuery(key, value, $"'{value}' is not a 'regex'");
            return false;
        }
    }
}
