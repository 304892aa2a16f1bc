namespace Appliance.Controller.Tests.Compute;

public class FlavorTests
{
    private const string Flavors = "/compute/v2.1/flavors";

    [Fact]
    public async Task A_flavor_is_created_shown_listed_and_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        var created = (await cloud.PostAsync(Flavors, """
            {"flavor": {"name": "tiny", "id": "t-1", "ram": "128", "vcpus": 1, "disk": 0, "rxtx_factor": 2, "swap": 64}}
            """)).ShouldBe(200).Json["flavor"]!;
        Assert.Equal(128, (int)created["ram"]!);
        Assert.Equal(64, (int)created["swap"]!);
        Assert.Equal("2.0", created["rxtx_factor"]!.ToJsonString());
        Assert.True((bool)created["os-flavor-access:is_public"]!);
        Assert.EndsWith("/compute/v2.1/flavors/t-1", (string?)created["links"]![0]!["href"]);

        (await cloud.PostAsync(Flavors, """{"flavor": {"name": "tiny", "ram": 1, "vcpus": 1, "disk": 0}}"""))
            .ShouldBeFault(409, "conflictingRequest", "Flavor with name tiny already exists.");
        Assert.Contains("t-1", (await cloud.GetAsync(Flavors + "?minRam=100&sort_key=name")).ShouldBe(200).Text);
        (await cloud.GetAsync(Flavors + "/t-1")).ShouldBe(200);
        (await cloud.DeleteAsync(Flavors + "/t-1")).ShouldBe(202);
        (await cloud.GetAsync(Flavors + "/t-1")).ShouldBeFault(404, "itemNotFound", "Flavor t-1 could not be found.");
    }

    [Theory]
    [InlineData("""{"flavor": {"name": "", "ram": 1, "vcpus": 1, "disk": 0}}""", "Invalid input for field/attribute name. Value: . '' is too short")]
    [InlineData("""{"flavor": {"name": "a", "ram": 0, "vcpus": 1, "disk": 0}}""", "Invalid input for field/attribute ram. Value: 0. 0 is less than the minimum of 1")]
    [InlineData("""{"flavor": {"name": " a", "ram": 1, "vcpus": 1, "disk": 0}}""", "An invalid 'name' value was provided.")]
    [InlineData("""{"flavor": {"name": "a", "ram": 1, "vcpus": 1}}""", "'disk' is a required property")]
    [InlineData("""{"flavor": {"name": "a", "ram": "9999999999999999999999999999999999999999", "vcpus": 1, "disk": 1}}""", "is greater than the maximum of 2147483647")]
    [InlineData("""{"flavor": {"name": "a", "ram": 1, "vcpus": 1, "disk": 1, "swap": "9999999999999999999999999999999999999999"}}""", "is greater than the maximum of 2147483647")]
    [InlineData("""{"server": {}}""", "'flavor' is a required property")]
    public async Task A_bad_body_is_refused_in_Novas_words(string body, string message)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync(Flavors, body)).ShouldBeFault(400, "badRequest", message);
    }

    [Fact]
    public async Task Pages_are_linked_until_the_end()
    {
        await using var cloud = await TestCloud.StartAsync();
        var page = (await cloud.GetAsync(Flavors + "?limit=3")).ShouldBe(200).Json;
        Assert.Equal(3, page["flavors"]!.AsArray().Count);
        var next = new Uri((string)page["flavors_links"]![0]!["href"]!);
        var rest = (await cloud.GetAsync(next.PathAndQuery)).ShouldBe(200).Json;
        Assert.Equal(2, rest["flavors"]!.AsArray().Count);
        Assert.Null(rest["flavors_links"]);
        (await cloud.GetAsync(Flavors + "?limit=-1")).ShouldBeFault(400, "badRequest", "Invalid input for query parameters limit");
        (await cloud.GetAsync(Flavors + "?marker=nope")).ShouldBeFault(400, "badRequest", "marker [nope] not found");
    }

    [Fact]
    public async Task Extra_specs_are_set_one_by_one()
    {
        await using var cloud = await TestCloud.StartAsync();
        var specs = Flavors + "/1/os-extra_specs";
        (await cloud.PostAsync(specs, """{"extra_specs": {"hw:numa_nodes": 1, "a": "b"}}""")).ShouldBe(200);
        Assert.Equal("1", (string?)(await cloud.GetAsync(specs)).Json["extra_specs"]!["hw:numa_nodes"]);
        (await cloud.PostAsync(specs, """{"extra_specs": {"twice": "x", "twice": "y"}}""")).ShouldBe(200);
        Assert.Equal("y", (string?)(await cloud.GetAsync(specs + "/twice")).Json["twice"]);
        (await cloud.DeleteAsync(specs + "/twice")).ShouldBe(200);
        (await cloud.PutAsync(specs + "/a", """{"a": "c"}""")).ShouldBe(200);
        (await cloud.PutAsync(specs + "/a", """{"x": "c"}""")).ShouldBeFault(400, "badRequest", "Request body and URI mismatch");
        (await cloud.DeleteAsync(specs + "/a")).ShouldBe(200);
        (await cloud.DeleteAsync(specs + "/a")).ShouldBeFault(404, "itemNotFound", "has no extra specs with key a.");
    }

    [Fact]
    public async Task A_private_flavor_is_opened_to_projects_by_name()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync(Flavors, """
            {"flavor": {"name": "p", "id": "p", "ram": 1, "vcpus": 1, "disk": 0, "os-flavor-access:is_public": "False"}}
            """)).ShouldBe(200);
        (await cloud.PostAsync(Flavors + "/p/action", """{"addTenantAccess": {"tenant": "nowhere"}}"""))
            .ShouldBeFault(400, "badRequest", "Project ID nowhere is not a valid project.");
        (await cloud.PostAsync(Flavors + "/p/action", """{"removeTenantAccess": {"tenant": "nowhere"}}"""))
            .ShouldBeFault(404, "itemNotFound", "Flavor access not found for p / nowhere combination.");
        Assert.Empty((await cloud.GetAsync(Flavors + "/p/os-flavor-access")).ShouldBe(200).Json["flavor_access"]!.AsArray());
        (await cloud.GetAsync(Flavors + "/1/os-flavor-access")).ShouldBeFault(404, "itemNotFound", "not available for public flavors");
        Assert.DoesNotContain("\"p\"", (await cloud.GetAsync(Flavors)).Text);
        Assert.Contains("\"p\"", (await cloud.GetAsync(Flavors + "?is_public=None")).Text);
    }

    [Fact]
    public async Task Discovery_needs_no_token_and_an_unknown_microversion_is_406()
    {
        await using var cloud = await TestCloud.StartAsync();
        var versions = (await cloud.GetAsync("/compute", token: "")).ShouldBe(200).Json;
        Assert.Equal("v2.1", (string?)versions["versions"]![0]!["id"]);
        Assert.Equal("CURRENT", (string?)(await cloud.GetAsync("/compute/v2.1/", token: "")).ShouldBe(200).Json["version"]!["status"]);
        (await cloud.SendAsync(HttpMethod.Get, Flavors, null, null, ("X-OpenStack-Nova-API-Version", "9.9"))).ShouldBeFault(
            406, "computeFault", "Version 9.9 is not supported by the API.");
        (await cloud.GetAsync(Flavors, token: "")).ShouldBeFault(401, "error", "requires authentication");
        (await cloud.GetAsync("/compute/v2.1/nothing")).ShouldBeFault(404, "itemNotFound", "could not be found");
    }
}
