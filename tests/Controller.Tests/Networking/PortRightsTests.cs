using Appliance.Controller.Tests.Identity;

namespace Appliance.Controller.Tests.Networking;

public sealed class PortRightsTests
{
    private const string Ports = "/network/v2.0/ports";

    [Fact]
    public async Task On_anothers_shared_network_a_port_takes_what_it_is_given()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (network, subnet) = await CreateSharedAsync(cloud);
        var member = await MemberAsync(cloud);
        foreach (var (attributes, rule) in new[]
        {
            (""" "mac_address": "fa:16:3e:00:00:77" """, "create_port:mac_address"),
            (""" "fixed_ips": [{"ip_address": "10.5.0.77"}] """, "create_port:fixed_ips:ip_address"),
            (""" "port_security_enabled": false """, "create_port:port_security_enabled"),
            (""" "allowed_address_pairs": [{"ip_address": "10.5.0.1"}] """, "create_port:allowed_address_pairs"),
            (""" "device_owner": "network:dhcp" """, "create_port:device_owner"),
        })
        {
            (await cloud.PostAsync(Ports, Body(network, attributes), member)).ShouldBeFault(403, "NeutronError", $"rule:{rule} is disallowed by policy");
        }

        (await cloud.PostAsync(Ports, Body(network, """ "device_owner": "compute:nova" """), member)).ShouldBe(201);
        var port = (await cloud.PostAsync(Ports, Body(network, $$$""" "fixed_ips": [{"subnet_id": "{{{subnet}}}"}] """), member)).ShouldBe(201);
        var path = $"{Ports}/{(string)port.Json["port"]!["id"]!}";
        foreach (var (change, rule) in new[]
        {
            (""" "port_security_enabled": false """, "update_port:port_security_enabled"),
            (""" "fixed_ips": [{"ip_address": "10.5.0.77"}] """, "update_port:fixed_ips"),
            (""" "allowed_address_pairs": [] """, "update_port:allowed_address_pairs"),
            (""" "device_owner": "network:router_interface" """, "update_port:device_owner"),
            (""" "mac_address": "fa:16:3e:00:00:77" """, "update_port:mac_address"),
        })
        {
            (await cloud.PutAsync(path, $$$"""{"port": { {{{change}}} }}""", member)).ShouldBeFault(403, "NeutronError", $"rule:{rule} is disallowed by policy");
        }

        (await cloud.PutAsync(path, """{"port": {"name": "mine", "device_owner": "x"}}""", member)).ShouldBe(200);
    }

    [Fact]
    public async Task On_its_own_network_a_project_chooses()
    {
        await using var cloud = await TestCloud.StartAsync();
        var member = await MemberAsync(cloud);
        var network = (string)(await cloud.PostAsync("/network/v2.0/networks", """{"network": {}}""", member)).ShouldBe(201).Json["network"]!["id"]!;
        (await cloud.PostAsync("/network/v2.0/subnets", $$$"""{"subnet": {"network_id": "{{{network}}}", "ip_version": 4, "cidr": "10.5.0.0/24"}}""", member))
            .ShouldBe(201);
        (await cloud.PostAsync(Ports, Body(network, """
            "mac_address": "fa:16:3e:00:00:77", "fixed_ips": [{"ip_address": "10.5.0.77"}], "allowed_address_pairs": [{"ip_address": "10.5.0.99"}]
            """), member)).ShouldBe(201);
        (await cloud.PostAsync(Ports, Body(network, """ "security_groups": [], "port_security_enabled": false, "device_owner": "network:mine" """), member))
            .ShouldBe(201);
    }

    private static string Body(string network, string attributes) => $$$"""{"port": {"network_id": "{{{network}}}", {{{attributes}}} }}""";

    private static async Task<(string Network, string Subnet)> CreateSharedAsync(TestCloud cloud)
    {
        var network = await cloud.CreateNetworkAsync(attributes: """ "shared": true """);
        return (network, await cloud.CreateSubnetAsync(network, "10.5.0.0/24"));
    }

    /// <summary>A token of a member of another project.</summary>
    private static async Task<string> MemberAsync(TestCloud cloud)
    {
        var (project, user) = (await cloud.CreateProjectAsync("other"), await cloud.CreateUserAsync("somebody"));
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        return await cloud.TokenOfAsync(user, "secret", IdentityCloud.OnProject(project));
    }
}
