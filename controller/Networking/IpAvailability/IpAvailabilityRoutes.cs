using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Networking.IpAvailability;

/// <summary>
/// How full networks are, for administrators. Source: neutron/db/network_ip_availability_db.py,
/// neutron_lib/api/definitions/network_ip_availability.py.
/// </summary>
internal sealed class IpAvailabilityRoutes(NetworkingContext context)
{
    private const string Rule = "get_network_ip_availability";
    private static readonly string[] Filters = ["network_id", "network_name", "tenant_id", "project_id", "ip_version"];

    public void Map(ApiRoutes v2)
    {
        // Whoever may not see it sees no networks, rather than a refusal.
        v2.Get("/network-ip-availabilities", ListAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/network-ip-availabilities/{network_id}", ShowAsync).Allow(NetworkingPolicies.AnyCaller);
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var unknown = request.Query.Keys.Where(static key => key != "fields" && !Filters.Contains(key)).Select(PythonText.Quote).ToList();
        if (unknown.Count > 0)
            return NeutronErrors.BadRequest($"[{string.Join(", ", unknown)}] is invalid attribute for filtering");

        var networks = IsAllowed(request) ? await context.Database.ReadAsync((tx, token) => NetworkUse.ListAsync(tx, null, token), ct) : [];
        var matching = networks.Select(network => Filter(network, request.Query)).OfType<NetworkUse>();
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("network_ip_availabilities");
            foreach (var network in matching)
                Write(json, network, Fields(request));
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("network_id");
        var found = IsAllowed(request) ? await context.Database.ReadAsync((tx, token) => NetworkUse.ListAsync(tx, id, token), ct) : [];
        if (found.Count == 0)
            return NeutronErrors.NetworkNotFound(id);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("network_ip_availability");
            Write(json, found[0], Fields(request));
            json.WriteEndObject();
        });
    }

    private bool IsAllowed(ApiRequest request) => context.Check(Rule, request.Caller, request.Caller.ProjectId) is null;

    /// <summary>Null when the network does not match; a filter by family leaves only the subnets of it, and no network without one.</summary>
    private static NetworkUse? Filter(NetworkUse network, IQueryCollection query)
    {
        if (!Any(query, "network_id", network.Id) || !Any(query, "network_name", network.Name)
            || !Any(query, "tenant_id", network.ProjectId) || !Any(query, "project_id", network.ProjectId))
        {
            return null;
        }

        if (!query.ContainsKey("ip_version"))
            return network;
        var subnets = network.Subnets.Where(subnet => Any(query, "ip_version", subnet.Cidr.Version.ToString(CultureInfo.InvariantCulture))).ToList();
        return subnets.Count == 0 ? null : network with { Subnets = subnets };
    }

    private static bool Any(IQueryCollection query, string key, string value) => !query.TryGetValue(key, out var values) || values.Contains(value);

    private static List<string> Fields(ApiRequest request) =>
        [.. request.Query["fields"].OfType<string>().Where(static field => field.Length > 0)];

    private static void Write(Utf8JsonWriter json, NetworkUse network, List<string> fields)
    {
        json.WriteStartObject();
        Text("network_id", network.Id);
        Text("network_name", network.Name);
        Text("tenant_id", network.ProjectId);
        Text("project_id", network.ProjectId);
        if (IsAsked("subnet_ip_availability"))
            WriteSubnets(json, network.Subnets);
        if (IsAsked("total_ips"))
            WriteNumber(json, "total_ips", network.Subnets.Aggregate(UInt128.Zero, static (sum, subnet) => sum + subnet.Total));
        if (IsAsked("used_ips"))
            json.WriteNumber("used_ips", network.Subnets.Sum(static subnet => subnet.Used));
        json.WriteEndObject();

        bool IsAsked(string name) => fields.Count == 0 || fields.Contains(name);

        void Text(string name, string value)
        {
            if (IsAsked(name))
                json.WriteString(name, value);
        }
    }

    private static void WriteSubnets(Utf8JsonWriter json, IReadOnlyList<SubnetUse> subnets)
    {
        json.WriteStartArray("subnet_ip_availability");
        foreach (var subnet in subnets)
        {
            json.WriteStartObject();
            json.WriteString("subnet_id", subnet.Id);
            json.WriteNumber("ip_version", subnet.Cidr.Version);
            json.WriteString("cidr", subnet.Cidr.ToString());
            json.WriteString("subnet_name", subnet.Name);
            json.WriteNumber("used_ips", subnet.Used);
            WriteNumber(json, "total_ips", subnet.Total);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // A /64 alone has more addresses than a 64-bit number tells.
    private static void WriteNumber(Utf8JsonWriter json, string name, UInt128 number)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(number.ToString(CultureInfo.InvariantCulture), skipInputValidation: true);
    }
}
