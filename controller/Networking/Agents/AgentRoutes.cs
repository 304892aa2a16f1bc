using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Agents;

/// <summary>
/// Agents, availability zones and service providers: what there is to serve networks with. Source: neutron/extensions/agent.py,
/// availability_zone.py, servicetype.py.
/// </summary>
internal sealed class AgentRoutes(INodes nodes, NetworkingContext context)
{
    public void Map(ApiRoutes v2)
    {
        // Whoever may not see agents sees none, rather than a refusal.
        v2.Get("/agents", ListAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/agents/{agent_id}", ShowAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/availability_zones", ListZonesAsync).Allow("get_availability_zone");
        v2.Get("/service-providers", ListProvidersAsync).Allow("get_service_provider");
    }

    private Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var agents = Visible(request).Where(agent => Matches(agent, request.Query)).OrderBy(static agent => agent.Id, StringComparer.Ordinal);
        return Task.FromResult(ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("agents");
            foreach (var agent in agents)
                Write(json, agent);
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    private Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("agent_id");
        if (Visible(request).FirstOrDefault(agent => agent.Id == id) is not { } found)
            return Task.FromResult<ApiResult>(NeutronErrors.NotFound("AgentNotFound", $"Agent {id} could not be found."));
        return Task.FromResult(ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("agent");
            Write(json, found);
            json.WriteEndObject();
        }));
    }

    private IEnumerable<Agent> Visible(ApiRequest request) =>
        context.Check("get_agent", request.Caller, request.Caller.ProjectId) is null ? nodes.All.SelectMany(Agent.Of) : [];

    private Task<ApiResult> ListZonesAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("availability_zones");
        foreach (var resource in (ReadOnlySpan<string>)["network", "router"])
        {
            json.WriteStartObject();
            json.WriteString("name", Zones.Default);
            json.WriteString("resource", resource);
            json.WriteString("state", nodes.All.Any(static node => node.IsUp) ? "available" : "unavailable");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static Task<ApiResult> ListProvidersAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(static json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("service_providers");
        json.WriteStartObject();
        json.WriteString("service_type", "L3_ROUTER_NAT");
        json.WriteString("name", "single_node");
        json.WriteBoolean("default", true);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static bool Matches(Agent agent, IQueryCollection query) =>
        Any(query, "agent_type", agent.Type) && Any(query, "binary", agent.Binary) && Any(query, "host", agent.Node.HostName) && Any(query, "id", agent.Id)
        && (!query.TryGetValue("alive", out var alive) || alive.Any(text => Read.TryFlag(text ?? "") == agent.Node.IsUp));

    private static bool Any(IQueryCollection query, string key, string value) => !query.TryGetValue(key, out var values) || values.Contains(value);

    private static void Write(Utf8JsonWriter json, Agent agent)
    {
        var seen = agent.Node.LastSeenAt ?? agent.Node.EnrolledAt;
        json.WriteStartObject();
        json.WriteString("id", agent.Id);
        json.WriteString("agent_type", agent.Type);
        json.WriteString("binary", agent.Binary);
        json.WriteString("topic", agent.Topic);
        json.WriteString("host", agent.Node.HostName);
        json.WriteBoolean("admin_state_up", true);
        json.WriteString("created_at", Instant(agent.Node.EnrolledAt));
        json.WriteString("started_at", Instant(agent.Node.EnrolledAt));
        json.WriteString("heartbeat_timestamp", Instant(seen));
        json.WriteBoolean("alive", agent.Node.IsUp);
        json.WriteString("availability_zone", Zones.Default);
        json.WriteNull("description");
        json.WriteBoolean("resources_synced", agent.Node.IsUp);
        json.WriteStartObject("configurations");
        WriteConfiguration(json, agent);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteConfiguration(Utf8JsonWriter json, Agent agent)
    {
        if (agent.Node.Report is not { } report)
            return;
        json.WriteString("tunneling_ip", report.TunnelAddress);
        json.WriteStartArray("tunnel_types");
        json.WriteStringValue("vxlan");
        json.WriteEndArray();
        json.WriteStartArray("physical_networks");
        foreach (var network in report.PhysicalNetworks)
            json.WriteStringValue(network);
        json.WriteEndArray();
    }

    private static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
