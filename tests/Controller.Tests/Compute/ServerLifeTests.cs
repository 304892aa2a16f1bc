using System.Text.Json.Nodes;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Tests.Compute;

/// <summary>Servers from the request to the node and back.</summary>
public class ServerLifeTests
{
    [Fact]
    public async Task A_server_is_built_stopped_started_rebooted_and_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();

        var server = await cloud.ServerInAsync(id, "ACTIVE");
        Assert.Equal("n1", (string?)server["OS-EXT-SRV-ATTR:host"]);
        Assert.Equal("active", (string?)server["OS-EXT-STS:vm_state"]);
        Assert.Null(server["OS-EXT-STS:task_state"]);
        Assert.Equal(1, (int)server["OS-EXT-STS:power_state"]!);
        Assert.Equal("nova", (string?)server["OS-EXT-AZ:availability_zone"]);
        Assert.NotNull(server["OS-SRV-USG:launched_at"]);
        Assert.Equal(PowerStates.Running, Assert.Single(node.Documents).Document.PowerState);

        await cloud.ActAsync(id, """{"os-stop": null}""", 202);
        server = await cloud.ServerInAsync(id, "SHUTOFF");
        Assert.Equal(4, (int)server["OS-EXT-STS:power_state"]!);
        await cloud.ActAsync(id, """{"os-stop": null}""", 409);

        await cloud.ActAsync(id, """{"os-start": null}""", 202);
        await cloud.ServerInAsync(id, "ACTIVE");
        await cloud.ActAsync(id, """{"reboot": {"type": "soft"}}""", 202);
        await cloud.ServerInAsync(id, "ACTIVE");
        Assert.Equal(OperationKinds.RebootSoft, Assert.Single(Assert.Single(node.Documents).Document.Operations).Kind);

        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        await cloud.GoneAsync(id);
        Assert.Empty(node.Documents);
        Assert.Equal(0, await cloud.CountAsync("placement_allocations"));
        // A workflow's row ends just after its last step.
        await Eventually.TrueAsync(async () => await cloud.CountAsync("workflows") == 0, "no workflow is left");
    }

    [Fact]
    public async Task Tasks_show_while_the_node_works()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        node.Answer = static _ => null;
        var id = await cloud.CreateServerAsync();
        var server = await cloud.ServerInAsync(id, "BUILD");
        Assert.Equal("spawning", (string?)server["OS-EXT-STS:task_state"]);
        Assert.Empty(server["addresses"]!.AsObject());
        await cloud.ActAsync(id, """{"reboot": {"type": "HARD"}}""", 409);

        node.Answer = ScriptedNode.Done;
        node.Look();
        await cloud.ServerInAsync(id, "ACTIVE");
        node.Answer = static _ => null;
        await cloud.ActAsync(id, """{"reboot": {"type": "HARD"}}""", 202);
        Assert.Equal("rebooting_hard", (string?)(await cloud.ServerInAsync(id, "HARD_REBOOT"))["OS-EXT-STS:task_state"]);
        (await cloud.PostAsync($"{ServerPaths.Servers}/{id}/action", """{"os-stop": null}"""))
            .ShouldBeFault(409, "conflictingRequest", $"Cannot 'stop' instance {id} while it is in task_state rebooting_hard");
        node.Answer = ScriptedNode.Done;
        node.Look();
        await cloud.ServerInAsync(id, "ACTIVE");
    }

    [Fact]
    public async Task A_build_that_fails_ends_in_ERROR_with_the_nodes_words_and_holds_nothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        node.Answer = static server => ScriptedNode.Status(server, ServerStates.Error, PowerStates.NoState, "the disk is full");
        var id = await cloud.CreateServerAsync();
        var server = await cloud.ServerInAsync(id, "ERROR");
        Assert.Equal("the disk is full", (string?)server["fault"]!["message"]);
        Assert.Equal("n1: the disk is full", (string?)server["fault"]!["details"]);
        await Eventually.TrueAsync(async () => await cloud.CountAsync("placement_allocations") == 0 && await cloud.CountAsync("workflows") == 0, "released");
        Assert.Empty(node.Documents);
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        await cloud.GoneAsync(id);
    }

    [Fact]
    public async Task A_guest_that_shuts_down_leaves_its_server_SHUTOFF_until_it_is_started()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        node.Answer = static server => server.Document.PowerState == PowerStates.Running
            ? ScriptedNode.Status(server, ServerStates.StoppedByGuest, PowerStates.Stopped) : ScriptedNode.Done(server);
        node.Look();
        await cloud.ServerInAsync(id, "SHUTOFF");
        await Eventually.TrueAsync(() => node.Documents.Single().Document.PowerState == PowerStates.Stopped, "the document says stopped");
        node.Answer = ScriptedNode.Done;
        await cloud.ActAsync(id, """{"os-start": null}""", 202);
        await cloud.ServerInAsync(id, "ACTIVE");
    }

    [Fact]
    public async Task What_a_deleted_server_held_is_free_only_when_its_node_has_nothing_of_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        node.Removes = false;
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        await Eventually.TrueAsync(() => node.Documents.Count == 0, "the node heard of it");
        Assert.Equal("deleting", (string?)(await cloud.ServerInAsync(id, "ACTIVE"))["OS-EXT-STS:task_state"]);
        Assert.NotEqual(0, await cloud.CountAsync("placement_allocations"));
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        node.Removes = true;
        node.Look();
        await cloud.GoneAsync(id);
        Assert.Equal(0, await cloud.CountAsync("placement_allocations"));
    }

    [Fact]
    public async Task A_server_of_a_dead_node_is_deleted_for_its_user_at_once_and_for_good_when_the_node_is_back()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        await node.DisconnectAsync();
        (await cloud.DeleteAsync($"{ServerPaths.Servers}/{id}")).ShouldBe(204);
        await cloud.GoneAsync(id);
        Assert.NotEqual(0, await cloud.CountAsync("placement_allocations"));
        node.Reconnect();
        await Eventually.TrueAsync(async () => await cloud.CountAsync("placement_allocations") == 0, "the claim is given back");
    }

    [Fact]
    public async Task What_does_not_fit_is_said_for_each_node()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var small = await ScriptedNode.JoinAsync(cloud, "small", cpus: 1, memoryMiB: 1024);
        var id = await cloud.CreateServerAsync(flavor: "2");
        var server = await cloud.ServerInAsync(id, "ERROR");
        Assert.Contains("MEMORY_MB: 2048 asked", (string?)server["fault"]!["message"]);
        Assert.DoesNotContain("small", (string?)server["fault"]!["message"]);
        Assert.StartsWith("small: MEMORY_MB: 2048 asked", (string?)server["fault"]!["details"]);
    }

    [Fact]
    public async Task Many_servers_of_one_request_are_numbered()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var image = await cloud.UploadImageAsync();
        var answer = (await cloud.PostAsync(ServerPaths.Servers, $$$"""
            {"server": {"name": "w", "imageRef": "{{{image}}}", "flavorRef": "1", "min_count": 2, "max_count": "3", "return_reservation_id": true} }
            """)).ShouldBe(202);
        Assert.StartsWith("r-", (string?)answer.Json["reservation_id"]);
        await Eventually.TrueAsync(async () => (await cloud.GetAsync(ServerPaths.Servers + "?status=active")).Json["servers"]!.AsArray().Count == 3, "three");
        var names = (await cloud.GetAsync(ServerPaths.Servers + "?sort_key=display_name&sort_dir=asc")).Json["servers"]!.AsArray()
            .Select(static server => (string)server!["name"]!);
        Assert.Equal(["w-1", "w-2", "w-3"], names);
    }

    [Fact]
    public async Task A_restarted_controller_finishes_what_it_had_accepted()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            ScriptedNode node;
            string id;
            var port = 0;
            await using (var cloud = await TestCloud.StartAsync(folder))
            {
                port = new Uri(cloud.Host.Addresses.First(static url => url.StartsWith("https", StringComparison.Ordinal))).Port;
                node = await ScriptedNode.JoinAsync(cloud);
                node.Answer = static _ => null;
                id = await cloud.CreateServerAsync();
                await cloud.ServerInAsync(id, "BUILD");
            }

            await using (node)
            await using (var cloud = await TestCloud.StartAsync(folder, options => options with { HttpsListen = $"127.0.0.1:{port}" }))
            {
                node.Answer = ScriptedNode.Done;
                node.Look();
                await cloud.ServerInAsync(id, "ACTIVE");
                await Eventually.TrueAsync(async () => await cloud.CountAsync("workflows") == 0, "the workflow has ended");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Metadata_is_changed_item_by_item_and_reaches_the_node()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        var metadata = $"{ServerPaths.Servers}/{id}/metadata";
        (await cloud.PostAsync(metadata, """{"metadata": {"a": "1", "b": "2"}}""")).ShouldBe(200);
        (await cloud.PutAsync(metadata + "/c", """{"meta": {"c": "3"}}""")).ShouldBe(200);
        (await cloud.DeleteAsync(metadata + "/a")).ShouldBe(204);
        (await cloud.DeleteAsync(metadata + "/a")).ShouldBeFault(404, "itemNotFound", "Metadata item was not found");
        (await cloud.PutAsync(metadata + "/x", """{"meta": {"y": "3"}}""")).ShouldBeFault(400, "badRequest", "Request body and URI mismatch");
        Assert.Equal("""{"b":"2","c":"3"}""", (await cloud.GetAsync(metadata)).Json["metadata"]!.ToJsonString());
        await Eventually.TrueAsync(() => node.Documents.Single().Document.Metadata.Meta.Count == 2, "the node knows");
        (await cloud.PutAsync(metadata, """{"metadata": {}}""")).ShouldBe(200);
        Assert.Empty((await cloud.GetAsync(metadata)).Json["metadata"]!.AsObject());
        Assert.Equal("ACTIVE", (string?)(await cloud.GetAsync($"{ServerPaths.Servers}/{id}")).Json["server"]!["status"]);
    }
}
