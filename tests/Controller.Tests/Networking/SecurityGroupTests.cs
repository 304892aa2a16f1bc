namespace Appliance.Controller.Tests.Networking;

public sealed class SecurityGroupTests
{
    [Fact]
    public async Task A_group_begins_with_egress_and_takes_rules_once()
    {
        await using var cloud = await TestCloud.StartAsync();
        var group = (await cloud.PostAsync("/network/v2.0/security-groups", """{"security_group": {"name": "web"}}""")).ShouldBe(201).Json["security_group"]!;
        Assert.All(group["security_group_rules"]!.AsArray(), static rule => Assert.Equal("egress", (string)rule!["direction"]!));
        var body = $$$"""
            {"security_group_rule": {"security_group_id": "{{{(string)group["id"]!}}}", "direction": "ingress", "protocol": "tcp",
             "port_range_min": 80, "port_range_max": 80, "remote_ip_prefix": "0.0.0.0/0"}}
            """;
        var rule = (await cloud.PostAsync("/network/v2.0/security-group-rules", body)).ShouldBe(201).Json["security_group_rule"]!;
        Assert.Equal("IPv4", (string)rule["ethertype"]!);
        (await cloud.PostAsync("/network/v2.0/security-group-rules", body.Replace("\"tcp\"", "\"6\"", StringComparison.Ordinal)))
            .ShouldBeFault(409, "NeutronError", $"Security group rule already exists. Rule id is {(string)rule["id"]!}.");
    }

    [Theory]
    [InlineData(""" "protocol": "tcp", "port_range_min": 81, "port_range_max": 80 """, "SecurityGroupInvalidPortRange")]
    [InlineData(""" "port_range_min": 80, "port_range_max": 80 """, "SecurityGroupProtocolRequiredWithPorts")]
    [InlineData(""" "protocol": "bad" """, "SecurityGroupRuleInvalidProtocol")]
    [InlineData(""" "protocol": "tcp", "port_range_min": 70000, "port_range_max": 70000 """, "SecurityGroupInvalidPortValue")]
    [InlineData(""" "protocol": "icmp", "port_range_max": 3 """, "SecurityGroupMissingIcmpType")]
    [InlineData(""" "protocol": "ipv6-icmp" """, "SecurityGroupEthertypeConflictWithProtocol")]
    [InlineData(""" "remote_ip_prefix": "2001:db8::/32" """, "SecurityGroupRuleParameterConflict")]
    [InlineData(""" "remote_ip_prefix": "10.0.0.0/99" """, "InvalidCIDR")]
    [InlineData(""" "ethertype": "bad" """, "SecurityGroupRuleInvalidEtherType")]
    public async Task A_bad_rule_is_refused_by_name(string attributes, string type)
    {
        await using var cloud = await TestCloud.StartAsync();
        var group = (string)(await cloud.GetAsync("/network/v2.0/security-groups")).Json["security_groups"]![0]!["id"]!;
        var answer = (await cloud.PostAsync("/network/v2.0/security-group-rules",
            $$$"""{"security_group_rule": {"security_group_id": "{{{group}}}", "direction": "ingress", {{{attributes}}} }}""")).ShouldBe(400);
        Assert.Equal(type, (string)answer.Json["NeutronError"]!["type"]!);
    }

    [Theory]
    [InlineData("remote_group_id", "bad_group_id")]
    [InlineData("remote_group_id", "9dfcbf8b-9c1d-4a63-b5c2-6c5c9dfb5c3a")]
    [InlineData("security_group_id", "bad_group_id")]
    public async Task A_group_that_none_has_is_not_found(string attribute, string id)
    {
        await using var cloud = await TestCloud.StartAsync();
        var group = (string)(await cloud.GetAsync("/network/v2.0/security-groups")).Json["security_groups"]![0]!["id"]!;
        var first = attribute == "security_group_id" ? "" : $""" "security_group_id": "{group}", """;
        (await cloud.PostAsync("/network/v2.0/security-group-rules",
            $$$"""{"security_group_rule": { {{{first}}} "direction": "ingress", "{{{attribute}}}": "{{{id}}}"}}"""))
            .ShouldBeFault(404, "NeutronError", $"Security group {id} does not exist");
    }

    [Fact]
    public async Task A_group_in_use_stays_and_the_default_group_keeps_its_name()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var port = await cloud.CreatePortAsync(network);
        var group = (string)port["security_groups"]![0]!;
        (await cloud.DeleteAsync($"/network/v2.0/security-groups/{group}")).ShouldBeFault(409, "NeutronError", "SecurityGroupInUse");
        (await cloud.PutAsync($"/network/v2.0/security-groups/{group}", """{"security_group": {"name": "x"}}"""))
            .ShouldBeFault(409, "NeutronError", "SecurityGroupCannotUpdateDefault");
        (await cloud.PostAsync("/network/v2.0/security-groups", """{"security_group": {"name": "default"}}"""))
            .ShouldBeFault(409, "NeutronError", "SecurityGroupDefaultAlreadyExists");
    }
}
