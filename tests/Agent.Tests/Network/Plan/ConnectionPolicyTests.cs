using System.Net;
using Appliance.Agent.Network.Plan;
using Appliance.Linux.Netlink.Conntrack;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class ConnectionPolicyTests
{
    private const int Zone = 3;

    [Theory]
    [InlineData("10.5.0.9", 22, true)]
    [InlineData("10.5.0.9", 23, false)]
    [InlineData("10.6.0.9", 22, false)]
    public void An_ingress_rule_is_judged_by_port_and_prefix(string from, int port, bool allowed)
    {
        var policy = Policy(new SecurityGroupRuleDocument("r", "ingress", "IPv4", 6, 20, 22, "10.5.0.0/24", null));
        Assert.Equal(allowed, policy.Allows(Connection(from, "10.5.0.1", 6, port)));
    }

    [Theory]
    [InlineData("10.5.0.7", true)]
    [InlineData("10.5.0.8", false)]
    public void A_remote_group_is_judged_by_its_members(string from, bool allowed)
    {
        var policy = Policy(new SecurityGroupRuleDocument("r", "ingress", "IPv4", null, null, null, null, "group"));
        Assert.Equal(allowed, policy.Allows(Connection(from, "10.5.0.1", 17, 53)));
    }

    [Fact]
    public void A_connection_of_another_zone_is_not_judged() =>
        Assert.True(Policy().Allows(Connection("10.5.0.9", "10.5.0.1", 6, 22) with { Zone = 4 }));

    [Fact]
    public void Metadata_and_dhcp_need_no_rule()
    {
        Assert.True(Policy().Allows(Connection("10.5.0.1", "169.254.169.254", 6, 80)));
        Assert.True(Policy().Allows(Connection("10.5.0.1", "10.5.0.2", 17, 67)));
        Assert.False(Policy().Allows(Connection("10.5.0.1", "10.5.0.2", 6, 80)));
    }

    [Theory]
    [InlineData(8, 0, true)]
    [InlineData(13, 0, false)]
    public void Icmp_is_judged_by_type(int type, int code, bool allowed)
    {
        var policy = Policy(new SecurityGroupRuleDocument("r", "ingress", "IPv4", 1, 8, null, null, null));
        Assert.Equal(allowed, policy.Allows(Connection("10.5.0.9", "10.5.0.1", 1, type, code)));
    }

    private static ConnectionPolicy Policy(params SecurityGroupRuleDocument[] rules)
    {
        var group = new SecurityGroupDocument("sg", true, rules);
        var document = new PortDocument("p", "n", "project", "server", "fa:16:3e:00:00:01", true, true, "guest",
            [new("s", "10.5.0.1")], ["sg"], [], []);
        var port = new PlannedPort(document, 1, Zone, PlannedPort.ReadPairs(document, out _), [group], Stateful: true);
        return new([port], new([new("group", ["10.5.0.7"])], new HashSet<string> { "group" }));
    }

    private static Connection Connection(string from, string to, int protocol, int port, int code = 0)
    {
        var original = new ConnectionTuple(IPAddress.Parse(from), IPAddress.Parse(to), protocol, port, code);
        return new(Zone, original, original with { Source = original.Destination, Destination = original.Source }, 0, [], 1);
    }
}
