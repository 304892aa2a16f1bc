namespace Appliance.Controller.Tests.Placement;

public class ProviderTests
{
    [Fact]
    public async Task A_provider_moves_between_trees_with_all_below_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (first, second) = (await cloud.MakeProviderAsync("first"), await cloud.MakeProviderAsync("second"));
        var child = await cloud.MakeProviderAsync("child", parent: first);
        var grandchild = await cloud.MakeProviderAsync("grandchild", parent: child);

        Task<TestAnswer> MoveAsync(string id, string name, string? parent, string version = PlacementCloud.Latest) => cloud.PlacementAsync(
            HttpMethod.Put, $"/resource_providers/{id}", $$"""{"name": "{{name}}", "parent_provider_uuid": {{(parent is null ? "null" : $"\"{parent}\"")}}}""", version);

        (await MoveAsync(child, "child", second, "1.36")).ShouldBeError(400, "re-parenting a provider is not currently allowed.");
        (await MoveAsync(child, "child", null, "1.36")).ShouldBeError(400, "un-parenting a provider is not currently allowed.");
        (await MoveAsync(child, "child", grandchild)).ShouldBeError(400, "creating loop in the provider tree is not allowed.");
        (await MoveAsync(child, "child", Guid.NewGuid().ToString())).ShouldBeError(400, "parent provider UUID does not exist.");
        Assert.Equal(second, (string?)(await MoveAsync(child, "child", second)).ShouldBe(200).Json["root_provider_uuid"]);
        Assert.Equal(second, (string?)(await cloud.PlacementAsync($"/resource_providers/{grandchild}")).Json["root_provider_uuid"]);
        Assert.Equal(3, (await cloud.PlacementAsync($"/resource_providers?in_tree={grandchild}")).Json["resource_providers"]!.AsArray().Count);
        (await cloud.PlacementAsync(HttpMethod.Delete, $"/resource_providers/{second}"))
            .ShouldBeError(409, "It has child resource providers.", "placement.resource_provider.cannot_delete_parent");
        Assert.Equal(child, (string?)(await MoveAsync(child, "renamed", null)).ShouldBe(200).Json["root_provider_uuid"]);
        (await MoveAsync(child, "first", null)).ShouldBeError(409, "Conflicting resource provider first already exists.", "placement.duplicate_name");
    }

    [Fact]
    public async Task Lists_are_narrowed_by_what_providers_have()
    {
        await using var cloud = await TestCloud.StartAsync();
        var aggregate = Guid.NewGuid().ToString();
        var fast = await cloud.MakeProviderAsync("fast", "VCPU:8", traits: ["HW_CPU_X86_AVX", "STORAGE_DISK_SSD"], aggregate: aggregate);
        var slow = await cloud.MakeProviderAsync("slow", "VCPU:2", traits: ["HW_CPU_X86_SSE"]);

        async Task<string[]> ListAsync(string query, string version = PlacementCloud.Latest) => [.. (await cloud.PlacementAsync(
            "/resource_providers?" + query, version)).ShouldBe(200).Json["resource_providers"]!.AsArray().Select(static one => (string)one!["name"]!)];

        Assert.Equal(["fast"], await ListAsync("resources=VCPU:4"));
        Assert.Equal(["fast", "slow"], await ListAsync("required=in:HW_CPU_X86_AVX,HW_CPU_X86_SSE"));
        Assert.Equal(["fast"], await ListAsync("required=in:HW_CPU_X86_AVX,HW_CPU_X86_SSE&required=STORAGE_DISK_SSD"));
        Assert.Equal(["slow"], await ListAsync("required=!STORAGE_DISK_SSD"));
        Assert.Equal(["slow"], await ListAsync($"member_of=!in:{aggregate},{Guid.NewGuid()}"));
        Assert.Equal(["fast"], await ListAsync($"member_of={aggregate}&uuid={fast}"));
        Assert.Equal(["slow"], await ListAsync($"name=slow&uuid={slow}"));
        (await cloud.PlacementAsync("/resource_providers?required=CUSTOM_NO")).ShouldBeError(400, "Invalid trait(s) in \"required\" parameter: No such trait(s): CUSTOM_NO.");
        (await cloud.PlacementAsync("/resource_providers?resources=CUSTOM_NO:1")).ShouldBeError(400, "No such resource class CUSTOM_NO.");
        (await cloud.PlacementAsync("/resource_providers?Name=slow")).ShouldBeError(400, "Additional properties are not allowed ('Name' was unexpected)");
        (await cloud.PlacementAsync("/resource_providers?uuid=x")).ShouldBe(400);
        (await cloud.PlacementAsync($"/resource_providers?member_of=!{aggregate}", "1.31")).ShouldBeError(400, "Forbidden member_of parameters are not supported");
    }

    [Fact]
    public async Task Errors_are_those_that_clients_of_the_real_service_parse()
    {
        await using var cloud = await TestCloud.StartAsync();
        var nobody = Guid.NewGuid().ToString();
        var missing = (await cloud.PlacementAsync($"/resource_providers/{nobody}")).ShouldBe(404).Json["errors"]![0]!;
        Assert.Equal($"The resource could not be found.\n\n No resource provider with uuid {nobody} found  ", (string?)missing["detail"]);
        Assert.Equal("Not Found", (string?)missing["title"]);
        Assert.StartsWith("req-", (string?)missing["request_id"], StringComparison.Ordinal);
        Assert.Null((await cloud.PlacementAsync($"/resource_providers/{nobody}", "1.22")).Json["errors"]![0]!["code"]);

        (await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", """{"name": ""}""")).ShouldBeError(400, "Object action create failed because: name is required");
        (await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", "{")).ShouldBeError(400, "Malformed JSON: ");
        (await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", "{}")).ShouldBeError(400,
            "JSON does not validate: 'name' is a required property  Failed validating 'required' in schema");
        (await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", null)).ShouldBeError(415, "The media type None is not supported, use application/json");
        (await cloud.SendAsync(HttpMethod.Get, "/placement/resource_providers", null, null, ("Accept", "text/plain"), ("OpenStack-API-Version", "placement 1.39")))
            .ShouldBeError(406, "Only application/json is provided");
        (await cloud.PlacementAsync(HttpMethod.Patch, "/resource_providers", "{}")).ShouldBeError(405, "The method PATCH is not allowed for this resource. \n\n ");
        var provider = await cloud.MakeProviderAsync("rack");
        (await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", """{"name": "rack"}"""))
            .ShouldBeError(409, "Conflicting resource provider name: rack already exists.", "placement.duplicate_name");
        (await cloud.PlacementAsync(HttpMethod.Put, $"/resource_providers/{provider}/inventories", """
            {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 0} } }
            """)).ShouldBeError(400, "Failed validating 'minimum' in schema['properties']['inventories']['patternProperties']['^[A-Z0-9_]+$']['properties']['total']");
    }
}
