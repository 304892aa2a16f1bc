using Appliance.Controller.Tests;

namespace Appliance.Controller.Tests.Networking;

public sealed class NetworkTests
{
    [Fact]
    public async Task A_network_is_created_shown_changed_and_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        var created = (await cloud.PostAsync("/network/v2.0/networks", """{"network": {"name": "n", "description": "d"}}""")).ShouldBe(201);
        var network = created.Json["network"]!;
        var id = (string)network["id"]!;
        Assert.Equal("ACTIVE", (string)network["status"]!);
        Assert.Equal("vxlan", (string)network["provider:network_type"]!);
        Assert.Equal(1450, (int)network["mtu"]!);
        Assert.Equal((string)network["tenant_id"]!, (string)network["project_id"]!);
        Assert.InRange((int)network["provider:segmentation_id"]!, 1, 16777215);

        var changed = (await cloud.PutAsync($"/network/v2.0/networks/{id}", """{"network": {"name": "m"}}""")).ShouldBe(200);
        Assert.Equal("m", (string)changed.Json["network"]!["name"]!);
        Assert.Equal(2, (int)changed.Json["network"]!["revision_number"]!);

        (await cloud.DeleteAsync($"/network/v2.0/networks/{id}")).ShouldBe(204);
        (await cloud.GetAsync($"/network/v2.0/networks/{id}")).ShouldBeFault(404, "NeutronError", $"Network {id} could not be found.");
    }

    [Fact]
    public async Task An_external_network_that_names_no_provider_is_the_sites_way_out()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = (await cloud.PostAsync("/network/v2.0/networks", """{"network": {"name": "public", "router:external": true}}""")).ShouldBe(201);
        Assert.Equal("flat", (string)first.Json["network"]!["provider:network_type"]!);
        Assert.Equal("public", (string)first.Json["network"]!["provider:physical_network"]!);
        Assert.Equal(1500, (int)first.Json["network"]!["mtu"]!);

        var second = (await cloud.PostAsync("/network/v2.0/networks", """{"network": {"name": "other", "router:external": true}}""")).ShouldBe(201);
        Assert.Equal("vxlan", (string)second.Json["network"]!["provider:network_type"]!);
    }

    [Theory]
    [InlineData("""{"network": {"nme": "n"}}""", "Unrecognized attribute(s) 'nme'")]
    [InlineData("""{"network": {"status": "UP"}}""", "Attribute 'status' not allowed in POST")]
    [InlineData("""{"network": {"name": 1}}""", "Invalid input for name. Reason: '1' is not a valid string.")]
    [InlineData("""{"network": {"admin_state_up": "x"}}""", "Invalid input for operation: 'x' cannot be converted to boolean.")]
    [InlineData("""{"net": {}}""", "Unable to find 'network' in request body")]
    [InlineData("""{"network": []}""", "Object 'network' contains invalid data")]
    [InlineData("""{"networks": []}""", "Resources required")]
    [InlineData("""{"network": {"provider:network_type": "flat"}}""", "Invalid input for operation: physical_network required for flat provider network.")]
    [InlineData("[]", "Body contains invalid data")]
    [InlineData("{", "Body contains invalid data")]
    public async Task A_bad_body_is_refused_in_Neutrons_words(string body, string message)
    {
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await cloud.PostAsync("/network/v2.0/networks", body)).ShouldBe(400);
        Assert.Equal(message, (string)answer.Json["NeutronError"]!["message"]!);
    }

    [Fact]
    public async Task A_list_is_filtered_sorted_paged_and_trimmed_to_fields()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync("/network/v2.0/networks", """{"networks": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}""")).ShouldBe(201);

        var page = await cloud.GetAsync("/network/v2.0/networks?sort_key=name&sort_dir=desc&limit=2&fields=name&fields=id");
        Assert.Equal(["c", "b"], Names(page));
        Assert.Null(page.Json["networks"]![0]!["status"]);
        var next = (string)page.Json["networks_links"]![0]!["href"]!;
        Assert.Equal(["a"], Names(await cloud.GetAsync(new Uri(next).PathAndQuery)));

        Assert.Equal(["a", "c"], Names(await cloud.GetAsync("/network/v2.0/networks?name=a&name=c&sort_key=name&sort_dir=asc")));
        (await cloud.GetAsync("/network/v2.0/networks?colour=red")).ShouldBeFault(400, "NeutronError", "['colour'] is invalid attribute for filtering");
    }

    [Fact]
    public async Task Tags_are_set_found_and_removed()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = (string)(await cloud.PostAsync("/network/v2.0/networks", """{"network": {}}""")).Json["network"]!["id"]!;
        (await cloud.PutAsync($"/network/v2.0/networks/{id}/tags", """{"tags": ["red", "blue"]}""")).ShouldBe(200);
        (await cloud.PutAsync($"/network/v2.0/networks/{id}/tags/green", "{}")).ShouldBe(201);
        Assert.Single((await cloud.GetAsync("/network/v2.0/networks?tags=red,green")).Json["networks"]!.AsArray());
        Assert.Empty((await cloud.GetAsync("/network/v2.0/networks?not-tags=red")).Json["networks"]!.AsArray());
        (await cloud.DeleteAsync($"/network/v2.0/networks/{id}/tags/red")).ShouldBe(204);
        (await cloud.GetAsync($"/network/v2.0/networks/{id}/tags/red")).ShouldBeFault(404, "NeutronError", "Tag red could not be found.");
    }

    [Fact]
    public async Task A_change_at_another_revision_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = (string)(await cloud.PostAsync("/network/v2.0/networks", """{"network": {}}""")).Json["network"]!["id"]!;
        var stale = await cloud.SendAsync(HttpMethod.Put, $"/network/v2.0/networks/{id}", """{"network": {"name": "x"}}""", null, ("If-Match", "revision_number=7"));
        stale.ShouldBeFault(412, "NeutronError", "Constrained to 7, but current revision is 1");
    }

    private static List<string> Names(TestAnswer answer) =>
        [.. answer.ShouldBe(200).Json["networks"]!.AsArray().Select(static network => (string)network!["name"]!)];
}
