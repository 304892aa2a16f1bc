using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Compute;

/// <summary>What many tests of servers do.</summary>
internal static class ServerPaths
{
    public const string Servers = "/compute/v2.1/servers";

    /// <summary>A small raw image, ready to boot from; answers its id.</summary>
    public static async Task<string> UploadImageAsync(this TestCloud cloud)
    {
        var image = (await cloud.PostAsync("/image/v2/images", """
            {"name": "tiny", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
            """)).ShouldBe(201);
        var id = (string)image.Json["id"]!;
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/image/v2/images/{id}/file") { Content = new ByteArrayContent(new byte[4096]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        using var response = await cloud.Http.SendAsync(request);
        Assert.Equal(204, (int)response.StatusCode);
        return id;
    }

    /// <summary>A server named <c>web</c> of a new image; answers its id.</summary>
    public static async Task<string> CreateServerAsync(this TestCloud cloud, string flavor = "1", string further = "", string? token = null)
    {
        var image = await cloud.UploadImageAsync();
        var created = (await cloud.PostAsync(Servers, $$$"""
            {"server": {"name": "web", "imageRef": "{{{image}}}", "flavorRef": "{{{flavor}}}"{{{further}}} } }
            """, token)).ShouldBe(202);
        return (string)created.Json["server"]!["id"]!;
    }

    /// <summary>The server once it has this status.</summary>
    public static async Task<JsonNode> ServerInAsync(this TestCloud cloud, string id, string status)
    {
        JsonNode server = null!;
        await Eventually.TrueAsync(async () =>
        {
            server = (await cloud.GetAsync($"{Servers}/{id}")).ShouldBe(200).Json["server"]!;
            return (string?)server["status"] == status;
        }, $"server {status}");
        return server;
    }

    public static Task GoneAsync(this TestCloud cloud, string id) =>
        Eventually.TrueAsync(async () => (await cloud.GetAsync($"{Servers}/{id}")).Status == 404, "server gone");

    public static async Task<TestAnswer> ActAsync(this TestCloud cloud, string id, string body, int status) =>
        (await cloud.PostAsync($"{Servers}/{id}/action", body)).ShouldBe(status);

    public static Task<long> CountAsync(this TestCloud cloud, string table) => cloud.Host.Platform.Database.ReadAsync(
        (tx, ct) => tx.CountAsync($"SELECT COUNT(*) FROM {table}", ct), CancellationToken.None);
}
