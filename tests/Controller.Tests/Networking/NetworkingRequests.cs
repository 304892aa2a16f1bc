using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Networking;

/// <summary>Makes networks, ports and routers through the API.</summary>
internal static class NetworkingRequests
{
    /// <summary>A network with one IPv4 subnet, or none; answers the network's id.</summary>
    public static async Task<string> CreateNetworkAsync(this TestCloud cloud, string? cidr = null, string attributes = "")
    {
        var network = (string)(await cloud.PostAsync("/network/v2.0/networks", $$$"""{"network": { {{{attributes}}} }}""")).ShouldBe(201).Json["network"]!["id"]!;
        if (cidr is not null)
            await cloud.CreateSubnetAsync(network, cidr);
        return network;
    }

    public static async Task<string> CreateSubnetAsync(this TestCloud cloud, string network, string cidr) =>
        (string)(await cloud.PostAsync("/network/v2.0/subnets", $$$"""
            {"subnet": {"network_id": "{{{network}}}", "ip_version": 4, "cidr": "{{{cidr}}}"}}
            """)).ShouldBe(201).Json["subnet"]!["id"]!;

    public static async Task<JsonNode> CreatePortAsync(this TestCloud cloud, string network, string attributes = "")
    {
        var more = attributes.Length > 0 ? ", " + attributes : "";
        return (await cloud.PostAsync("/network/v2.0/ports", $$$"""{"port": {"network_id": "{{{network}}}"{{{more}}} }}""")).ShouldBe(201).Json["port"]!;
    }

    public static async Task<string> CreateRouterAsync(this TestCloud cloud, string? external = null)
    {
        var gateway = external is null ? "" : $$$""" "external_gateway_info": {"network_id": "{{{external}}}"} """;
        return (string)(await cloud.PostAsync("/network/v2.0/routers", $$$"""{"router": { {{{gateway}}} }}""")).ShouldBe(201).Json["router"]!["id"]!;
    }
}
