using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class JsonHomeTests
{
    private const string Relations = "https://docs.openstack.org/api/openstack-identity/3/";

    [Fact]
    public async Task The_home_document_names_the_resources_and_where_they_lie()
    {
        await using var cloud = await TestCloud.StartAsync();

        var resources = await HomeAsync(cloud, V3);

        Assert.Equal("/auth/tokens", (string?)resources[Relations + "rel/auth_tokens"]!["href"]);
        var trust = resources[Relations + "ext/OS-TRUST/1.0/rel/trust_role"]!;
        Assert.Equal("/OS-TRUST/trusts/{trust_id}/roles/{role_id}", (string?)trust["href-template"]);
        Assert.Equal(Relations + "ext/OS-TRUST/1.0/param/trust_id", (string?)trust["href-vars"]!["trust_id"]);
        Assert.Equal(Relations + "param/role_id", (string?)trust["href-vars"]!["role_id"]);
        Assert.Equal("experimental", (string?)resources[Relations + "rel/limits"]!["hints"]!["status"]);
        Assert.Null(resources[Relations + "rel/users"]!["hints"]);
    }

    [Fact]
    public async Task The_home_document_of_the_root_says_the_same_with_the_version_before_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (root, v3) = (await HomeAsync(cloud, "/identity"), await HomeAsync(cloud, V3));

        Assert.Equal(v3.Select(static resource => resource.Key), root.Select(static resource => resource.Key));
        Assert.All(v3, resource => Assert.Equal("/v3" + PathOf(resource.Value!), PathOf(root[resource.Key]!)));
    }

    [Fact]
    public async Task Every_resource_of_the_home_document_is_there()
    {
        await using var cloud = await TestCloud.StartAsync();
        var resources = await HomeAsync(cloud, V3);

        Assert.True(resources.Count > 110, $"only {resources.Count} resources");
        foreach (var (relation, resource) in resources)
        {
            // A path of the table refuses a method that it has not; one that is not of the table is not found.
            var answer = await cloud.SendAsync(new HttpMethod("COPY"), V3 + PathOf(resource!).Replace('{', 'x').Replace('}', 'x'));
            Assert.True(answer.Status == 405, $"{relation}: {answer.Status} {answer.Text}");
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("application/json", false)]
    [InlineData("application/json-home", true)]
    [InlineData("application/json, application/json-home", false)]
    [InlineData("application/json-home, application/json", false)]
    [InlineData("application/json-home, application/json;q=0.5", true)]
    [InlineData("application/json-home;q=0.5, */*", false)]
    [InlineData("application/json-home, */*;q=0.1", true)]
    [InlineData("application/json-home;q=0", false)]
    [InlineData("text/html", false)]
    [InlineData("no such thing;;q=x", false)]
    public async Task The_form_that_the_client_ranks_highest_is_answered(string accept, bool isHome)
    {
        await using var cloud = await TestCloud.StartAsync();

        var answer = (await cloud.SendAsync(HttpMethod.Get, V3, token: "", headers: accept.Length == 0 ? [] : [("Accept", accept)])).ShouldBe(200);

        Assert.Equal(isHome ? "application/json-home" : "application/json", answer.Headers["Content-Type"]);
        Assert.NotNull(answer.Json[isHome ? "resources" : "version"]);
    }

    private static string PathOf(JsonNode resource) => (string)(resource["href"] ?? resource["href-template"])!;

    private static async Task<JsonObject> HomeAsync(TestCloud cloud, string path) =>
        (await cloud.SendAsync(HttpMethod.Get, path, token: "", headers: ("Accept", "application/json-home"))).ShouldBe(200).Json["resources"]!.AsObject();
}
