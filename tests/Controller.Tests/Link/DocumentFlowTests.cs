using System.Diagnostics;

namespace Appliance.Controller.Tests.Link;

public sealed class DocumentFlowTests
{
    [Fact]
    public async Task What_a_service_puts_reaches_the_node_and_its_status_comes_back()
    {
        await using var cloud = await TestCloud.StartAsync();
        var sink = new RecordingSink();
        cloud.Host.Services.Link.Add(sink);
        await using var node = await TestNode.JoinAsync(cloud);
        var generation = await cloud.PutSetAsync(node.Id, "a", "10.0.0.1");
        await Eventually.TrueAsync(() => sink.Find("a")?.Generation == generation, "the status of the document");
        Assert.Equal([("a", generation)], node.Sets());

        Assert.Equal(generation, await cloud.PutSetAsync(node.Id, "a", "10.0.0.1"));
        var changed = await cloud.PutSetAsync(node.Id, "a", "10.0.0.2");
        Assert.True(changed > generation);
        await Eventually.TrueAsync(() => sink.Find("a")?.Generation == changed, "the status of the change");
    }

    [Fact]
    public async Task What_a_service_removes_is_forgotten_when_the_node_has_nothing_left_of_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var sink = new RecordingSink();
        cloud.Host.Services.Link.Add(sink);
        await using var node = await TestNode.JoinAsync(cloud);
        await cloud.PutSetAsync(node.Id, "a", "10.0.0.1");
        await Eventually.TrueAsync(() => sink.Find("a") is not null, "a status");
        await cloud.RemoveSetAsync(node.Id, "a");
        Assert.True(await cloud.SetExistsAsync(node.Id, "a"));
        await Eventually.TrueAsync(() => sink.IsGone("a"), "gone");
        // The service hears of it inside the transaction that forgets it.
        await Eventually.TrueAsync(async () => !await cloud.SetExistsAsync(node.Id, "a"), "forgotten");
        Assert.Empty(node.Sets());
        Assert.True(await cloud.PutSetAsync(node.Id, "a", "10.0.0.1") > 2, "a generation is never used again");
    }

    [Fact]
    public async Task A_service_that_stumbles_hears_the_same_again()
    {
        await using var cloud = await TestCloud.StartAsync();
        var sink = new RecordingSink { FailuresLeft = 1 };
        cloud.Host.Services.Link.Add(sink);
        await using var node = await TestNode.JoinAsync(cloud);
        await cloud.PutSetAsync(node.Id, "a", "10.0.0.1");
        await Eventually.TrueAsync(() => sink.Find("a") is not null, "the status after a failure");
        await cloud.RemoveSetAsync(node.Id, "a");
        sink.FailuresLeft = 1;
        await Eventually.TrueAsync(() => sink.IsGone("a"), "gone after a failure");
    }

    [Fact]
    public async Task A_node_that_was_away_gets_what_it_missed_and_no_more()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        await cloud.PutSetAsync(node.Id, "a", "10.0.0.1");
        await cloud.PutSetAsync(node.Id, "b", "10.0.0.1");
        await Eventually.TrueAsync(() => node.Sets().Count == 2, "two documents");
        await node.StopAsync();
        await cloud.PutSetAsync(node.Id, "c", "10.0.0.1");
        await cloud.RemoveSetAsync(node.Id, "a");
        await Eventually.TrueAsync(() => !cloud.Host.Services.Link.IsConnected(node.Id), "disconnected");

        var journal = Path.Combine(node.Folder, "documents", "journal");
        var length = new FileInfo(journal).Length;
        await using var again = TestNode.Start(cloud, node.Folder, node.Identity);
        await Eventually.TrueAsync(async () => again.Sets().SequenceEqual(await cloud.DesiredSetsAsync(again.Id)), "the same documents");
        await Eventually.TrueAsync(async () => !await cloud.SetExistsAsync(again.Id, "a"), "the removal is confirmed");
        Assert.True(new FileInfo(journal).Length > length, "appended to, not replaced");
    }

    [Fact]
    public async Task A_node_that_lost_its_disk_gets_everything()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        await cloud.PutSetsAsync(node.Id, 10);
        await cloud.RemoveSetAsync(node.Id, "set0003");
        await Eventually.TrueAsync(() => node.Sets().Count == 9, "nine documents");
        await node.StopAsync();
        Directory.Delete(Path.Combine(node.Folder, "documents"), recursive: true);

        await using var again = TestNode.Start(cloud, node.Folder, node.Identity);
        await Eventually.TrueAsync(async () => again.Sets().SequenceEqual(await cloud.DesiredSetsAsync(again.Id)), "the same documents");
    }

    [Fact]
    public async Task A_node_that_is_ahead_of_a_restored_database_follows_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        await cloud.PutSetsAsync(node.Id, 10);
        await Eventually.TrueAsync(() => node.Sets().Count == 10, "ten documents");
        await node.StopAsync();
        await cloud.Host.Platform.Database.WriteAsync(async (tx, ct) =>
        {
            await tx.ExecuteAsync("DELETE FROM desired_documents WHERE sequence > 5", ct);
            await tx.ExecuteAsync("UPDATE desired_sequences SET sequence = 5", ct);
        }, TestContext.Current.CancellationToken);

        await using var again = TestNode.Start(cloud, node.Folder, node.Identity);
        await Eventually.TrueAsync(async () => again.Sets().SequenceEqual(await cloud.DesiredSetsAsync(again.Id)), "the same documents");
        await cloud.PutSetAsync(again.Id, "later", "10.0.0.1");
        await Eventually.TrueAsync(async () => again.Sets().SequenceEqual(await cloud.DesiredSetsAsync(again.Id)), "a later change");
    }

    [Fact]
    public async Task A_restarted_controller_counts_a_node_as_up_until_it_had_time_to_come_back()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            string nodeId;
            await using (var cloud = await TestCloud.StartAsync(folder))
            {
                await using var node = await TestNode.JoinAsync(cloud);
                nodeId = node.Id;
                await Eventually.TrueAsync(() => cloud.Host.Services.Link.Nodes.Find(nodeId)!.IsUp, "up");
            }

            await using var restarted = await TestCloud.StartAsync(folder);
            Assert.True(restarted.Host.Services.Link.Nodes.Find(nodeId)!.IsUp);
            Assert.False(restarted.Host.Services.Link.IsConnected(nodeId));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Two_thousand_documents_reach_a_node()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud, connect: false);
        await cloud.PutSetsAsync(node.Id, 2000);
        var started = Stopwatch.GetTimestamp();
        node.Link.Start();
        await Eventually.TrueAsync(() => node.Documents.Snapshot().Sequence >= 2000, "all documents durable");
        // Well under a second on a machine of its own. That is told, not judged: how long it takes here depends on who else is at work.
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"2000 documents: connected, sent and durable in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms");
        Assert.Equal(2000, node.Sets().Count);
    }

    [Fact]
    public async Task A_revoked_node_is_cut_off_and_not_let_in_again()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud);
        await Eventually.TrueAsync(() => cloud.Host.Services.Link.IsConnected(node.Id), "connected");
        await cloud.Host.Services.Link.RevokeAsync(node.Id, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => !cloud.Host.Services.Link.IsConnected(node.Id), "cut off");
        Assert.Null(cloud.Host.Services.Link.Nodes.Find(node.Id));
        Assert.Empty(cloud.Host.Services.Link.Nodes.All);
    }
}
