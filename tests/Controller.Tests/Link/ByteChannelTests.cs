using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Agent.Link;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Controller.Tests.Link;

public sealed class ByteChannelTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_of_one_of_its_servers_comes_to_the_node_and_goes_on_where_it_was_cut_off()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        var (imageId, bytes) = await UploadAsync(cloud, 5_000_000);
        await PutServerAsync(cloud, node.Id, imageId);

        var received = new MemoryStream();
        await using (var first = await node.Link.OpenImageAsync(imageId, 0, Ct))
        {
            var chunk = new byte[1_234_567];
            await first.ReadExactlyAsync(chunk, Ct);
            received.Write(chunk);
            cloud.Host.Services.Link.Disconnect(node.Id);
        }

        await Eventually.TrueAsync(() => node.Link.IsConnected, "connected again");
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await using var rest = await node.Link.OpenImageAsync(imageId, received.Length, Ct);
                await rest.CopyToAsync(received, Ct);
            }
            catch (IOException)
            {
                // The connection that was just closed: ask again, as Storage does.
            }

            return received.Length == bytes.Length;
        }, "the rest of the image");
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(received.ToArray()));
    }

    [Fact]
    public async Task An_image_that_no_server_of_the_node_uses_is_refused()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        var (imageId, _) = await UploadAsync(cloud, 1000);
        await Assert.ThrowsAsync<IOException>(() => node.Link.OpenImageAsync(imageId, 0, Ct));
        await PutServerAsync(cloud, node.Id, imageId);
        await Assert.ThrowsAsync<IOException>(() => node.Link.OpenImageAsync(imageId, 1001, Ct));
        await Assert.ThrowsAsync<IOException>(() => node.Link.OpenImageAsync("../../etc/passwd", 0, Ct));
        await using var data = await node.Link.OpenImageAsync(imageId, 1000, Ct);
        Assert.Equal(0, await data.ReadAsync(new byte[1], Ct));
    }

    [Fact]
    public async Task A_console_speaks_with_the_serial_port_of_a_server_on_the_node()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (guest, port) = FullDuplexStream.CreatePair();
        var handlers = LinkHandlers.None with { OpenSerial = (id, _) => Task.FromResult(id == "s1" ? port : null) };
        await using var node = await TestNode.JoinAsync(cloud, handlers: handlers);
        var nodes = cloud.Host.Services.Link.Nodes;
        await Eventually.TrueAsync(() => cloud.Host.Services.Link.IsConnected(node.Id), "connected");
        await using (var console = await nodes.OpenChannelAsync(node.Id, $"{LinkChannels.Serial}s1", Ct))
        {
            await console.WriteAsync("uname\n"u8.ToArray(), Ct);
            await console.FlushAsync(Ct);
            var typed = new byte[6];
            await guest.ReadExactlyAsync(typed, Ct);
            Assert.Equal("uname\n", Encoding.ASCII.GetString(typed));
            await guest.WriteAsync("Linux\r\n"u8.ToArray(), Ct);
            var shown = new byte[7];
            await console.ReadExactlyAsync(shown, Ct);
            Assert.Equal("Linux\r\n", Encoding.ASCII.GetString(shown));
        }

        Assert.Equal(0, await guest.ReadAsync(new byte[1], Ct));      // the console went: the port is let go
        await Assert.ThrowsAsync<NodeUnreachableException>(() => nodes.OpenChannelAsync(node.Id, $"{LinkChannels.Serial}s2", Ct));
    }

    [Fact]
    public async Task A_request_is_answered_refused_or_said_to_be_unknown()
    {
        await using var cloud = await TestCloud.StartAsync();
        var handlers = LinkHandlers.None with
        {
            Requests = new Dictionary<string, RequestHandler>
            {
                ["echo"] = static (arguments, _) => Task.FromResult<JsonElement?>(arguments),
                ["refuse"] = static (_, _) => throw new LinkRequestException("not now"),
            },
        };
        await using var node = await TestNode.JoinAsync(cloud, handlers: handlers);
        var nodes = cloud.Host.Services.Link.Nodes;
        await Eventually.TrueAsync(() => cloud.Host.Services.Link.IsConnected(node.Id), "connected");
        var arguments = JsonElement.Parse("""{"a": 1}""");
        Assert.Equal(1, (await nodes.RequestAsync(node.Id, "echo", arguments, Ct)).Result!.Value.GetProperty("a").GetInt32());
        Assert.Equal("not now", (await nodes.RequestAsync(node.Id, "refuse", arguments, Ct)).Error);
        Assert.Contains("does not know", (await nodes.RequestAsync(node.Id, "dance", arguments, Ct)).Error, StringComparison.Ordinal);
        await node.StopAsync();
        await Eventually.TrueAsync(() => !cloud.Host.Services.Link.IsConnected(node.Id), "disconnected");
        var unreachable = await Assert.ThrowsAsync<NodeUnreachableException>(() => nodes.RequestAsync(node.Id, "echo", arguments, Ct));
        Assert.Contains("node n1 is not connected since", unreachable.Message, StringComparison.Ordinal);
    }

    private static async Task<(string Id, byte[] Bytes)> UploadAsync(TestCloud cloud, int length)
    {
        var bytes = RandomNumberGenerator.GetBytes(length);
        var created = (await cloud.PostAsync("/image/v2/images",
            """{"name": "i", "disk_format": "raw", "container_format": "bare"}""")).ShouldBe(201);
        var id = created.Json["id"]!.GetValue<string>();
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/image/v2/images/{id}/file") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/octet-stream");
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        using var uploaded = await cloud.Http.SendAsync(request, Ct);
        Assert.True(uploaded.IsSuccessStatusCode, await uploaded.Content.ReadAsStringAsync(Ct));
        return (id, bytes);
    }

    private static Task PutServerAsync(TestCloud cloud, string nodeId, string imageId)
    {
        var image = new ImageDocument(imageId, "0", 1, "raw", null, null, new Dictionary<string, string>());
        var server = new ServerDocument(
            "s1", "p", "u", "web", null, PowerStates.Running, 1, 64, 0, 0, 0, image, [], false, new Dictionary<string, string>(),
            new ServerMetadataDocument("web", "nova", null, 0, "m1.tiny", null, new Dictionary<string, string>(), [], [], null, []), []);
        return cloud.Host.Platform.Database.WriteAsync((tx, ct) => cloud.Host.Services.Link.Desired.PutAsync(
            tx, nodeId, DocumentKinds.Server, "s1", JsonSerializer.SerializeToElement(server, ProtocolJson.Default.ServerDocument), ct), Ct);
    }
}
