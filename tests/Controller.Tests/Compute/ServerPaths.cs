using System.Net.Http.Headers;

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
}
