using System.Text.Json;
using Appliance.Controller.Tests.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Tests.Compute;

public sealed class ServerPasswordTests
{
    [Fact]
    public async Task What_a_guest_posted_is_shown_until_it_is_cleared_and_then_it_may_post_again()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        var path = $"{ServerPaths.Servers}/{id}/os-server-password";
        Assert.Equal("", (string?)(await cloud.GetAsync(path)).ShouldBe(200).Json["password"]);

        node.Answer = static server => Posted(server, "first", epoch: 0);
        node.Look();
        await Eventually.TrueAsync(async () => (string?)(await cloud.GetAsync(path)).Json["password"] == "first", "the password is known");

        (await cloud.DeleteAsync(path)).ShouldBe(204);
        await Eventually.TrueAsync(() => node.Documents.Single().Document.Metadata.PasswordEpoch == 1, "the node is told");
        node.Look();
        Assert.Equal("", (string?)(await cloud.GetAsync(path)).ShouldBe(200).Json["password"]);

        node.Answer = static server => Posted(server, "second", epoch: 1);
        node.Look();
        await Eventually.TrueAsync(async () => (string?)(await cloud.GetAsync(path)).Json["password"] == "second", "the next password is known");
    }

    [Fact]
    public async Task There_is_none_of_a_server_that_is_not()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.GetAsync($"{ServerPaths.Servers}/nothing/os-server-password"))
            .ShouldBeFault(404, "itemNotFound", "Instance nothing could not be found.");
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/nothing/os-server-password"))
            .ShouldBeFault(404, "itemNotFound", "Instance nothing could not be found.");
    }

    private static ObjectStatus Posted(Versioned<ServerDocument> server, string password, int epoch) =>
        new(DocumentKinds.Server, server.Document.Id, server.Generation, ServerStates.Converged, null, JsonSerializer.SerializeToElement(
            new ServerStatusDetails(server.Document.PowerState, "simulated", null, null, [], password, epoch),
            ProtocolJson.Default.ServerStatusDetails));
}
