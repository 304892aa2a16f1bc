using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Images;

public class ImageTests
{
    private const string Bare = """{"name": "x", "disk_format": "raw", "container_format": "bare"}""";

    [Fact]
    public async Task An_image_is_created_uploaded_downloaded_and_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        var created = (await cloud.PostAsync("/image/v2/images", Bare)).ShouldBe(201);
        var id = (string)created.Json["id"]!;
        Assert.Equal("queued", (string)created.Json["status"]!);
        Assert.EndsWith($"/v2/images/{id}", created.Headers["Location"], StringComparison.Ordinal);

        var data = RandomNumberGenerator.GetBytes(3_000_000);
        Assert.Equal(204, (int)(await UploadAsync(cloud, id, data)).StatusCode);
        var shown = (await cloud.GetAsync($"/image/v2/images/{id}")).ShouldBe(200).Json;
        Assert.Equal("active", (string)shown["status"]!);
        Assert.Equal(data.Length, (int)shown["size"]!);
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(data)), (string)shown["checksum"]!);
        Assert.Equal(Convert.ToHexStringLower(SHA512.HashData(data)), (string)shown["os_hash_value"]!);

        Assert.Equal(data, await DownloadAsync(cloud, id, null));
        Assert.Equal(data[1000..2001], await DownloadAsync(cloud, id, new RangeHeaderValue(1000, 2000)));

        (await cloud.DeleteAsync($"/image/v2/images/{id}")).ShouldBe(204);
        (await cloud.GetAsync($"/image/v2/images/{id}")).ShouldBe(404);
        Assert.Empty(Directory.GetFiles(Path.Combine(cloud.DataFolder, "images")));
    }

    [Fact]
    public async Task A_range_outside_the_image_is_not_satisfiable()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await CreateAsync(cloud, Bare);
        await UploadAsync(cloud, id, new byte[10]);

        var answer = await cloud.SendAsync(HttpMethod.Get, $"/image/v2/images/{id}/file", headers: ("Range", "bytes=10-20"));

        answer.ShouldBe(416);
        Assert.Equal("bytes */10", answer.Headers["Content-Range"]);
    }

    [Fact]
    public async Task An_upload_without_formats_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await CreateAsync(cloud, """{"name": "x"}""");
        using var response = await UploadAsync(cloud, id, [1]);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("Properties disk_format, container_format must be set prior to saving data.",
            await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_is_written_once()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await CreateAsync(cloud, Bare);
        await UploadAsync(cloud, id, [1]);
        Assert.Equal(409, (int)(await UploadAsync(cloud, id, [2])).StatusCode);
        Assert.Equal([1], await DownloadAsync(cloud, id, null));
    }

    [Fact]
    public async Task An_upload_over_the_size_cap_leaves_the_image_queued_without_data()
    {
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with { ImageSizeCapBytes = 100 });
        var id = await CreateAsync(cloud, Bare);
        Assert.Equal(413, (int)(await UploadAsync(cloud, id, new byte[101])).StatusCode);
        Assert.Equal("queued", (string)(await cloud.GetAsync($"/image/v2/images/{id}")).Json["status"]!);
        Assert.Equal(204, (int)(await UploadAsync(cloud, id, new byte[100])).StatusCode);
    }

    [Fact]
    public async Task A_controller_killed_during_an_upload_finds_the_image_queued()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        string id;
        await using (var cloud = await TestCloud.StartAsync(folder))
        {
            id = await CreateAsync(cloud, Bare);
            // The state that a killed process leaves: the row says saving, the file is there in part.
            await cloud.Host.Platform.Database.WriteAsync((tx, ct) =>
                tx.ExecuteAsync("UPDATE images SET status = 'saving' WHERE id = @id", ct, ("id", id)), CancellationToken.None);
            await File.WriteAllBytesAsync(Path.Combine(folder, "images", id), new byte[5], TestContext.Current.CancellationToken);
        }

        await using (var cloud = await TestCloud.StartAsync(folder))
        {
            Assert.Equal("queued", (string)(await cloud.GetAsync($"/image/v2/images/{id}")).Json["status"]!);
            Assert.Empty(Directory.GetFiles(Path.Combine(folder, "images")));
            Assert.Equal(204, (int)(await UploadAsync(cloud, id, [1])).StatusCode);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("""{"name": 5}""", 400, "Provided object does not match schema 'image': 5 is not of type 'string', 'null'")]
    [InlineData("""{"disk_format": "floppy"}""", 400, "does not match schema 'image'")]
    [InlineData("""{"id": "nope"}""", 400, "'nope' does not match")]
    [InlineData("""{"self": "x"}""", 403, "Attribute 'self' is read-only.")]
    [InlineData("""{"status": "active"}""", 403, "Attribute 'status' is read-only.")]
    [InlineData("""{"os_glance_x": "y"}""", 403, "Attribute 'os_glance_x' is reserved.")]
    [InlineData("[]", 400, "[] is not of type 'object'")]
    public async Task A_bad_image_is_refused_in_glances_words(string body, int status, string text)
    {
        await using var cloud = await TestCloud.StartAsync();
        var answer = (await cloud.PostAsync("/image/v2/images", body)).ShouldBe(status);
        Assert.Contains(text, System.Net.WebUtility.HtmlDecode(answer.Text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patch_changes_attributes_and_properties()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await CreateAsync(cloud, Bare);

        var changed = await PatchAsync(cloud, id, """
            [{"op": "replace", "path": "/name", "value": "y"}, {"op": "add", "path": "/os~1distro", "value": "d"},
             {"op": "replace", "path": "/tags", "value": ["a", "a", "b"]}, {"op": "replace", "path": "/protected", "value": true}]
            """);

        changed.ShouldBe(200);
        Assert.Equal("y", (string)changed.Json["name"]!);
        Assert.Equal("d", (string)changed.Json["os/distro"]!);
        Assert.Equal(["a", "b"], changed.Json["tags"]!.AsArray().Select(static tag => (string)tag!));
        (await cloud.DeleteAsync($"/image/v2/images/{id}")).ShouldBe(403);
        (await PatchAsync(cloud, id, """[{"op": "remove", "path": "/os~1distro"}]""")).ShouldBe(200);
        (await PatchAsync(cloud, id, """[{"op": "remove", "path": "/os~1distro"}]""")).ShouldBe(409);
        (await PatchAsync(cloud, id, """[{"op": "replace", "path": "/size", "value": 5}]""")).ShouldBe(403);
        (await PatchAsync(cloud, id, """[{"op": "move", "path": "/name"}]""")).ShouldBe(400);
        (await PatchAsync(cloud, id, """[{"op": "add", "path": "name", "value": "z"}]""")).ShouldBe(400);
        (await cloud.PatchAsync($"/image/v2/images/{id}", "[]")).ShouldBe(415);
    }

    [Fact]
    public async Task Lists_filter_sort_and_page()
    {
        await using var cloud = await TestCloud.StartAsync();
        foreach (var name in (string[])["c", "a", "b"])
            await CreateAsync(cloud, $$"""{"name": "{{name}}", "flavour": "{{name}}{{name}}"}""");

        Assert.Equal(["a", "b", "c"], await NamesAsync(cloud, "/image/v2/images?sort=name:asc"));
        Assert.Equal(["b"], await NamesAsync(cloud, "/image/v2/images?flavour=bb"));
        Assert.Equal(["a", "c"], await NamesAsync(cloud, "/image/v2/images?name=in:a,c&sort_key=name&sort_dir=asc"));

        var first = (await cloud.GetAsync("/image/v2/images?sort=name:asc&limit=2")).Json;
        Assert.Equal(["c"], await NamesAsync(cloud, "/image" + (string)first["next"]!));
        (await cloud.GetAsync("/image/v2/images?sort=weight:asc")).ShouldBe(400);
        (await cloud.GetAsync("/image/v2/images?limit=-1")).ShouldBe(400);
        (await cloud.GetAsync($"/image/v2/images?marker={Guid.NewGuid()}")).ShouldBe(400);
    }

    internal static async Task<string> CreateAsync(TestCloud cloud, string body) =>
        (string)(await cloud.PostAsync("/image/v2/images", body)).ShouldBe(201).Json["id"]!;

    internal static async Task<HttpResponseMessage> UploadAsync(TestCloud cloud, string id, byte[] data)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/image/v2/images/{id}/file") { Content = new ByteArrayContent(data) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        return await cloud.Http.SendAsync(request);
    }

    private static async Task<byte[]> DownloadAsync(TestCloud cloud, string id, RangeHeaderValue? range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/image/v2/images/{id}/file");
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        request.Headers.Range = range;
        using var response = await cloud.Http.SendAsync(request);
        Assert.Equal(range is null ? 200 : 206, (int)response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static async Task<TestAnswer> PatchAsync(TestCloud cloud, string id, string patch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/image/v2/images/{id}") { Content = new StringContent(patch) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/openstack-images-v2.1-json-patch");
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        using var response = await cloud.Http.SendAsync(request);
        return await TestAnswer.ReadAsync(response);
    }

    private static async Task<IEnumerable<string>> NamesAsync(TestCloud cloud, string path) =>
        (await cloud.GetAsync(path)).ShouldBe(200).Json["images"]!.AsArray().Select(static image => (string)image!["name"]!);
}
