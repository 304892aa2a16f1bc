using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Networking;

public sealed class SubnetPoolTests
{
    [Fact]
    public async Task A_pool_has_its_defaults_and_says_its_prefixes_shortly()
    {
        await using var cloud = await TestCloud.StartAsync();
        var pool = await CreatePoolAsync(cloud, """ "prefixes": ["10.8.0.0/24", "10.8.1.7/24"] """);
        Assert.Equal("10.8.0.0/23", (string)Assert.Single(pool["prefixes"]!.AsArray())!);
        Assert.Equal(("8", "32", "8"), ((string)pool["min_prefixlen"]!, (string)pool["max_prefixlen"]!, (string)pool["default_prefixlen"]!));
        Assert.Equal(4, (int)pool["ip_version"]!);
        Assert.Null(pool["default_quota"]);
    }

    [Theory]
    [InlineData(""" "prefixes": [] """, "EmptySubnetPoolPrefixList")]
    [InlineData(""" "prefixes": ["10.0.0.0/8", "fd00::/8"] """, "PrefixVersionMismatch")]
    [InlineData(""" "prefixes": ["10.0.0.0/8"], "min_prefixlen": 25, "max_prefixlen": 24 """, "IllegalSubnetPoolPrefixBounds")]
    [InlineData(""" "prefixes": ["10.0.0.0/8"], "max_prefixlen": 33 """, "IllegalSubnetPoolPrefixBounds")]
    [InlineData(""" "prefixes": ["10.0.0.0/8"], "default_prefixlen": 7 """, "IllegalSubnetPoolPrefixBounds")]
    [InlineData(""" "prefixes": ["10.0.0.0"] """, "HTTPBadRequest")]
    [InlineData(""" "prefixes": "10.0.0.0/8" """, "HTTPBadRequest")]
    [InlineData(""" "prefixes": ["10.0.0.0/8", "10.0.0.0/8"] """, "HTTPBadRequest")]
    [InlineData(""" "prefixes": ["10.0.0.0/8"], "default_prefixlen": -1 """, "HTTPBadRequest")]
    public async Task A_bad_pool_is_refused_by_name(string attributes, string type)
    {
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await cloud.PostAsync("/network/v2.0/subnetpools", $$$"""{"subnetpool": {"name": "p", {{{attributes}}} }}""")).ShouldBe(400);
        Assert.Equal(type, (string)answer.Json["NeutronError"]!["type"]!);
    }

    [Fact]
    public async Task Subnets_take_free_prefixes_until_there_are_none()
    {
        await using var cloud = await TestCloud.StartAsync();
        var pool = await CreatePoolAsync(cloud, """ "prefixes": ["10.8.0.0/23"], "default_prefixlen": 24, "min_prefixlen": 24 """);
        var id = (string)pool["id"]!;
        var network = await cloud.CreateNetworkAsync();
        var named = (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}", "cidr": "10.8.0.0/25" """)).ShouldBe(201).Json["subnet"]!;
        Assert.Equal(id, (string)named["subnetpool_id"]!);
        var small = (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}", "prefixlen": 26 """)).ShouldBe(201).Json["subnet"]!;
        Assert.Equal(("10.8.0.128/26", "10.8.0.129"), ((string)small["cidr"]!, (string)small["gateway_ip"]!));
        var usual = (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}", "gateway_ip": "10.8.1.254" """)).ShouldBe(201).Json["subnet"]!;
        Assert.Equal("10.8.1.0/24", (string)usual["cidr"]!);

        (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}" """)).ShouldBeFault(409, "NeutronError", "Insufficient prefix space");
        (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}", "cidr": "10.8.1.0/25" """))
            .ShouldBeFault(409, "NeutronError", "Cannot allocate requested subnet");
        (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{id}", "prefixlen": 23 """))
            .ShouldBeFault(400, "NeutronError", "minimum allowed prefix is 24");
        (await CreateSubnetAsync(cloud, network, """ "cidr": "10.9.0.0/24" """)).ShouldBeFault(400, "NeutronError", "same subnet pool");
        (await cloud.DeleteAsync($"/network/v2.0/subnetpools/{id}")).ShouldBeFault(400, "NeutronError", "Subnet pool has existing allocations");

        Assert.Equal(3, (await cloud.GetAsync($"/network/v2.0/subnets?subnetpool_id={id}")).Json["subnets"]!.AsArray().Count);
        foreach (var subnet in new[] { named, small, usual })
            (await cloud.DeleteAsync($"/network/v2.0/subnets/{(string)subnet["id"]!}")).ShouldBe(204);
        (await cloud.DeleteAsync($"/network/v2.0/subnetpools/{id}")).ShouldBe(204);
    }

    [Fact]
    public async Task A_default_pool_serves_who_asks_for_it_and_there_is_one_a_family()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync();
        (await CreateSubnetAsync(cloud, network, """ "use_default_subnetpool": true """))
            .ShouldBeFault(400, "NeutronError", "No default subnetpool found for IPv4");
        await CreatePoolAsync(cloud, """ "prefixes": ["10.8.0.0/16"], "default_prefixlen": 26, "is_default": true """);
        (await cloud.PostAsync("/network/v2.0/subnetpools", """{"subnetpool": {"name": "q", "prefixes": ["10.9.0.0/16"], "is_default": true}}"""))
            .ShouldBeFault(400, "NeutronError", "Only one default may exist per IP family");
        var subnet = (await CreateSubnetAsync(cloud, network, """ "use_default_subnetpool": true """)).ShouldBe(201).Json["subnet"]!;
        Assert.Equal("10.8.0.0/26", (string)subnet["cidr"]!);
    }

    [Fact]
    public async Task A_quota_counts_addresses()
    {
        await using var cloud = await TestCloud.StartAsync();
        var pool = await CreatePoolAsync(cloud, """ "prefixes": ["10.8.0.0/16"], "default_prefixlen": 25, "default_quota": 200 """);
        var network = await cloud.CreateNetworkAsync();
        (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{(string)pool["id"]!}" """)).ShouldBe(201);
        (await CreateSubnetAsync(cloud, network, $""" "subnetpool_id": "{(string)pool["id"]!}" """))
            .ShouldBeFault(409, "NeutronError", "Per-project subnet pool prefix quota exceeded.");
    }

    [Fact]
    public async Task Prefixes_come_and_go_but_not_under_subnets()
    {
        await using var cloud = await TestCloud.StartAsync();
        var pool = await CreatePoolAsync(cloud, """ "prefixes": ["10.8.0.0/24"], "default_prefixlen": 25 """);
        var path = $"/network/v2.0/subnetpools/{(string)pool["id"]!}";
        (await cloud.PutAsync(path, """{"subnetpool": {"prefixes": ["10.9.0.0/24"]}}""")).ShouldBeFault(400, "NeutronError", "must be a subset");
        Assert.Equal("10.8.0.0/23", (string)(await cloud.PutAsync(path + "/add_prefixes", """{"prefixes": ["10.8.1.0/24"]}""")).ShouldBe(200).Json["prefixes"]![0]!);
        (await CreateSubnetAsync(cloud, await cloud.CreateNetworkAsync(), $""" "subnetpool_id": "{(string)pool["id"]!}" """)).ShouldBe(201);
        (await cloud.PutAsync(path + "/remove_prefixes", """{"prefixes": ["10.8.0.0/25"]}""")).ShouldBeFault(400, "NeutronError", "in use by a subnet");
        Assert.Equal(["10.8.0.0/24"], Prefixes((await cloud.PutAsync(path + "/remove_prefixes", """{"prefixes": ["10.8.1.0/24"]}""")).ShouldBe(200).Json));
        (await cloud.PutAsync(path + "/add_prefixes", """{"prefixes": []}""")).ShouldBe(400);
    }

    private static IEnumerable<string> Prefixes(JsonNode json) => json["prefixes"]!.AsArray().Select(static prefix => (string)prefix!);

    private static async Task<JsonNode> CreatePoolAsync(TestCloud cloud, string attributes) =>
        (await cloud.PostAsync("/network/v2.0/subnetpools", $$$"""{"subnetpool": {"name": "p", {{{attributes}}} }}""")).ShouldBe(201).Json["subnetpool"]!;

    private static Task<TestAnswer> CreateSubnetAsync(TestCloud cloud, string network, string attributes) =>
        cloud.PostAsync("/network/v2.0/subnets", $$$"""{"subnet": {"network_id": "{{{network}}}", "ip_version": 4, {{{attributes}}} }}""");
}
