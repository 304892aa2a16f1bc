using System.Net;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Tests.Linux;

public sealed class NftTablesTests : IDisposable
{
    private const string Name = "test";
    private static readonly (NftFamily, string)[] Owned = [(NftFamily.Inet, Name)];

    private readonly TestNamespace _netns = new();
    private readonly NftTables _nft;

    public NftTablesTests() => _nft = _netns.Run(() => new NftTables());

    public void Dispose()
    {
        _nft.Dispose();
        _netns.Dispose();
    }

    [Fact]
    public void A_table_with_maps_sets_and_rules_is_what_nft_lists()
    {
        Assert.True(_nft.Converge([Table("192.0.2.7")], Owned).Changed);
        string listed = _netns.Exec("nft list ruleset");
        Assert.Contains("type filter hook forward priority filter; policy accept;", listed);
        Assert.Contains("ct state established,related accept", listed);
        Assert.Contains("meta mark & 0x0000ffff vmap @ports", listed);
        Assert.Contains("0x00000005 : jump port-5", listed);
        Assert.Contains("ip saddr @group tcp dport 80-90 accept", listed);
        Assert.Contains("ip saddr 10.0.0.0/8 icmp type echo-request", listed);
        Assert.Contains("192.0.2.7", listed);
        Assert.Contains("elements = { 10.1.0.0/16, 10.3.0.0-10.4.255.255 }", listed);
    }

    [Fact]
    public void Nothing_is_sent_when_nothing_differs()
    {
        _nft.Converge([Table("192.0.2.7")], Owned);
        Assert.False(_nft.Converge([Table("192.0.2.7")], Owned).Changed);
        using var restarted = _netns.Run(() => new NftTables());
        Assert.False(restarted.Converge([Table("192.0.2.7")], Owned).Changed);
    }

    [Fact]
    public void A_changed_element_changes_the_set_only()
    {
        _nft.Converge([Table("192.0.2.7")], Owned);
        var change = _nft.Converge([Table("192.0.2.8")], Owned);
        Assert.Empty(change.ChangedChains);
        Assert.Equal(["group"], change.ShrunkSets);
        Assert.Contains("192.0.2.8", _netns.Exec("nft list set inet test group"));
    }

    [Fact]
    public void What_somebody_else_changed_is_put_right()
    {
        _nft.Converge([Table("192.0.2.7")], Owned);
        _netns.Exec("nft insert rule inet test port-5 accept");
        _netns.Exec("nft add element inet test group { 192.0.2.99 }");
        Assert.Equal([(NftFamily.Inet, "port-5")], _nft.Converge([Table("192.0.2.7")], Owned).ChangedChains);
        Assert.DoesNotContain("192.0.2.99", _netns.Exec("nft list ruleset"));
    }

    [Fact]
    public void A_chain_with_its_references_comes_and_goes()
    {
        var empty = Table("192.0.2.7") with { Chains = [], Sets = [] };
        _nft.Converge([Table("192.0.2.7")], Owned);
        _nft.Converge([empty], Owned);
        Assert.DoesNotContain("chain", _netns.Exec("nft list ruleset"));
        _nft.Converge([], Owned);
        Assert.Equal("", _netns.Exec("nft list ruleset"));
    }

    [Fact]
    public void A_refused_transaction_changes_nothing()
    {
        _nft.Converge([Table("192.0.2.7")], Owned);
        string before = _netns.Exec("nft list ruleset");
        var broken = Table("192.0.2.8");
        broken = broken with { Chains = [.. broken.Chains, new("bad", null, [NftRuleBuilder.New().Jump("nowhere")])] };
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => _nft.Converge([broken], Owned)).Errno);
        Assert.Equal(before, _netns.Exec("nft list ruleset"));
    }

    [Fact]
    public void A_changed_hook_remakes_the_table()
    {
        _nft.Converge([Table("192.0.2.7")], Owned);
        var table = Table("192.0.2.7");
        table = table with { Chains = [new(table.Chains[0].Name, new("filter", NftHooks.Output, 5), table.Chains[0].Rules), table.Chains[1]] };
        _nft.Converge([table], Owned);
        Assert.Contains("hook output priority filter + 5", _netns.Exec("nft list ruleset"));
    }

    [Fact]
    public void Thousands_of_rules_go_in_one_transaction()
    {
        var chains = Enumerable.Range(0, 500).Select(n => new NftChain($"c{n}", null,
            [.. Enumerable.Range(1, 20).Select(port => NftRuleBuilder.New().Protocol(6).DestinationPort(port, port).Accept())]));
        _nft.Converge([new(NftFamily.Inet, Name, [.. chains], [])], Owned);
        using var restarted = _netns.Run(() => new NftTables());
        Assert.False(restarted.Converge([new(NftFamily.Inet, Name, [.. chains], [])], Owned).Changed);
    }

    private static NftTable Table(string member) => new(NftFamily.Inet, Name,
    [
        new("forward", new("filter", NftHooks.Forward, 0),
        [
            NftRuleBuilder.New().State(ConntrackState.Established | ConntrackState.Related).Accept(),
            NftRuleBuilder.New().ByMark(0xffff, "ports").Done(),
        ]),
        new("port-5", null,
        [
            NftRuleBuilder.New().Family(NftFamily.Ipv4).SourceIn("group", ipv4: true).Protocol(6).DestinationPort(80, 90).Accept(),
            NftRuleBuilder.New().Family(NftFamily.Ipv4).Source(IpPrefix.Parse("10.0.0.0/8")).Protocol(1).IcmpType(8).Accept(),
            NftRuleBuilder.New().Family(NftFamily.Ipv4).SourceIn("ranges", ipv4: true).Accept(),
            NftRuleBuilder.New().LimitPerSecond(10, 5).Counter().Reject(),
            NftRuleBuilder.New().Counter().Drop(),
        ]),
    ],
    [
        new("ports", NftKey.Mark, NftSetData.Verdict, false, [NftElement.Jump(NftRuleBuilder.HostOrder(5), "port-5")]),
        new("group", NftKey.Ipv4Address, NftSetData.None, false, [NftElement.Of(IPAddress.Parse(member).GetAddressBytes())]),
        new("ranges", NftKey.Ipv4Address, NftSetData.None, true,
        [
            NftElement.Of([10, 1, 0, 0]), NftElement.End([10, 2, 0, 0]), NftElement.Of([10, 3, 0, 0]), NftElement.End([10, 5, 0, 0]),
        ]),
    ]);
}
