using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Compute API: "List security groups by server". Behaviour: nova/api/openstack/compute/security_groups.py.</summary>
internal sealed class ServerSecurityGroupRoutes(ServerContext context)
{
    public void Map(ApiRoutes v21) =>
        v21.Get("/servers/{server_id}/os-security-groups", ListAsync).Allow("os_compute_api:os-security-groups:list");

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("server_id");
        var groups = await context.Database.ReadAsync(async (tx, token) => await ServerStore.FindAsync(tx, request.Caller, id, token) is null
            ? null : await context.Networking.ListSecurityGroupsAsync(tx, id, token), ct);
        if (groups is null)
            return ComputeFaults.NoInstance(id);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("security_groups");
            foreach (var group in groups)
                Write(json, group);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, ServerSecurityGroup group)
    {
        json.WriteStartObject();
        json.WriteString("id", group.Id);
        json.WriteString("name", group.Name);
        json.WriteString("description", group.Description);
        json.WriteString("tenant_id", group.ProjectId);
        json.WriteStartArray("rules");
        foreach (var rule in group.Rules)
            Write(json, group, rule);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ServerSecurityGroup group, ServerSecurityGroupRule rule)
    {
        json.WriteStartObject();
        json.WriteString("id", rule.Id);
        json.WriteString("parent_group_id", group.Id);
        json.WriteString("ip_protocol", rule.Protocol);
        WritePort(json, "from_port", rule.FromPort);
        WritePort(json, "to_port", rule.ToPort);
        json.WriteStartObject("group");
        if (rule.RemoteGroupName is { } remote)
        {
            json.WriteString("name", remote);
            json.WriteString("tenant_id", rule.RemoteGroupProjectId);
        }

        json.WriteEndObject();
        json.WriteStartObject("ip_range");
        if (rule.RemoteGroupName is null)
            json.WriteString("cidr", rule.Cidr ?? "0.0.0.0/0");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WritePort(Utf8JsonWriter json, string name, int? port)
    {
        if (port is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
