namespace Appliance.Controller.Tests.Compute;

/// <summary>Servers in a cloud that has no node to run them.</summary>
public class ServerWithoutNodeTests
{
    [Fact]
    public async Task A_server_that_fits_nowhere_is_made_in_ERROR_with_the_reason_and_can_be_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        var image = await cloud.UploadImageAsync();
        var created = (await cloud.PostAsync(ServerPaths.Servers, $$$"""
            {"server": {"name": "w e_b", "imageRef": "{{{image}}}", "flavorRef": "1", "metadata": {"a": "b"} } }
            """)).ShouldBe(202);
        var id = (string)created.Json["server"]!["id"]!;
        Assert.Equal(12, ((string)created.Json["server"]!["adminPass"]!).Length);
        Assert.EndsWith($"/compute/v2.1/servers/{id}", created.Headers["Location"]);

        var server = (await cloud.GetAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(200).Json["server"]!;
        Assert.Equal("ERROR", (string?)server["status"]);
        Assert.Equal("error", (string?)server["OS-EXT-STS:vm_state"]);
        Assert.StartsWith("No valid host was found.", (string?)server["fault"]!["message"]);
        Assert.Contains("There is no node", (string?)server["fault"]!["details"]);
        Assert.Equal("b", (string?)server["metadata"]!["a"]);
        Assert.Equal("1", (string?)server["flavor"]!["id"]);

        (await cloud.PostAsync($"{ServerPaths.Servers}/{id}/action", """{"os-start": null}"""))
            .ShouldBeFault(409, "conflictingRequest", $"Cannot 'start' instance {id} while it is in vm_state error");
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        (await cloud.GetAsync($"{ServerPaths.Servers}/{id}")).ShouldBeFault(404, "itemNotFound", $"Instance {id} could not be found.");
        Assert.Contains(id, (await cloud.GetAsync(ServerPaths.Servers + "?deleted=True")).Text);
    }

    [Fact]
    public async Task Of_metadata_given_twice_the_last_counts()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await cloud.CreateServerAsync(further: """, "metadata": {"a": "1", "a": "2"}""");
        var metadata = $"{ServerPaths.Servers}/{id}/metadata";
        Assert.Equal("2", (string?)(await cloud.GetAsync(metadata)).Json["metadata"]!["a"]);
        Assert.Equal("4", (string?)(await cloud.PostAsync(metadata, """{"metadata": {"a": "3", "a": "4"}}""")).ShouldBe(200).Json["metadata"]!["a"]);
    }

    [Theory]
    [InlineData("""{"server": {"name": "", "imageRef": "IMAGE", "flavorRef": "1"}}""", 400, "Invalid input for field/attribute name. Value: . '' is too short")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "none"}}""", 400, "Flavor none could not be found.")]
    [InlineData("""{"server": {"name": "a", "flavorRef": "1"}}""", 400, "Missing imageRef attribute")]
    [InlineData("""{"server": {"name": "a", "imageRef": "nope", "flavorRef": "1"}}""", 400, "is not valid under any of the given schemas")]
    [InlineData("""{"server": {"name": "a", "imageRef": "00000000-0000-0000-0000-000000000000", "flavorRef": "1"}}""", 400, "Can not find requested image")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "key_name": "k"}}""", 400, "Invalid key_name provided.")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "min_count": 3, "max_count": 2}}""", 400, "min_count must be <= max_count")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "min_count": "0"}}""", 400, "'0' is less than the minimum of 1")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "networks": [{"uuid": "x"}]}}""", 400, "network uuid is not in proper format (x)")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "availability_zone": "moon"}}""", 400, "The requested availability zone is not available")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "availability_zone": "nova:ghost"}}""", 400, "Compute host ghost could not be found.")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "user_data": "*"}}""", 400, "is not a 'base64'")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "min_count": 11}}""", 403, "Quota exceeded for instances: Requested 11, but already used 0 of 10 instances")]
    [InlineData("""{"server": {"name": "a", "imageRef": "IMAGE", "flavorRef": "1", "block_device_mapping_v2": [{"source_type": "volume", "uuid": "v"}]}}""", 400, "Block Device Mapping is Invalid")]
    public async Task A_request_that_cannot_be_is_refused_in_Novas_words(string body, int status, string message)
    {
        await using var cloud = await TestCloud.StartAsync();
        var image = body.Contains("IMAGE", StringComparison.Ordinal) ? await cloud.UploadImageAsync() : "";
        (await cloud.PostAsync(ServerPaths.Servers, body.Replace("IMAGE", image, StringComparison.Ordinal)))
            .ShouldBeFault(status, status == 403 ? "forbidden" : "badRequest", message);
        Assert.Empty((await cloud.GetAsync(ServerPaths.Servers)).Json["servers"]!.AsArray());
    }

    [Theory]
    [InlineData("?limit=x", 400, "Invalid input for query parameters limit")]
    [InlineData("?changes-since=yesterday", 400, "is not a 'date-time'")]
    [InlineData("?changes-since=2011/01/01", 400, "Invalid input for query parameters changes-since. Value: 2011/01/01. '2011/01/01' is not a 'date-time'")]
    [InlineData("?metadata=a", 400, "Invalid filter field: metadata.")]
    [InlineData("?_x=a", 400, "Invalid filter field: _x.")]
    [InlineData("?name=(", 400, "is not a 'regex'")]
    [InlineData("?sort_key=nothing", 400, "Invalid input for query parameters sort_key")]
    [InlineData("?all_tenants=perhaps", 400, "Unrecognized value 'perhaps'")]
    [InlineData("?marker=00000000-0000-0000-0000-000000000000", 400, "not found")]
    public async Task A_bad_query_is_refused(string query, int status, string message)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.GetAsync(ServerPaths.Servers + query)).ShouldBeFault(status, "badRequest", message);
    }
}
