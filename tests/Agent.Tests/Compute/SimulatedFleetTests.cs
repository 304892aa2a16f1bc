using System.Diagnostics;
using System.Text;
using Appliance.Agent.Compute;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

public sealed class SimulatedFleetTests
{
    [Fact]
    public async Task A_simulated_server_runs_stops_starts_and_goes()
    {
        using var folder = new TestFolder();
        await using var node = new TestFleet(folder);
        var server = Servers.New();

        node.Update(server.At(1));
        var running = await node.WaitAsync(server.Id, 1, ServerStates.Converged);
        Assert.Equal(PowerStates.Running, running.PowerState);
        Assert.Equal("simulated", running.Driver);
        Assert.NotNull(running.StartedAt);

        node.Update(server.Stopped().At(2));
        var stopped = await node.WaitAsync(server.Id, 2, ServerStates.Converged);
        Assert.Equal(PowerStates.Stopped, stopped.PowerState);
        Assert.Null(stopped.StartedAt);

        node.Update(server.At(3));
        Assert.Equal(PowerStates.Running, (await node.WaitAsync(server.Id, 3, ServerStates.Converged)).PowerState);

        node.Update();
        await node.WaitGoneAsync(server.Id);
        Assert.False(node.Fleet.Holds(server.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "servers")));
    }

    [Fact]
    public async Task A_simulated_server_needs_no_image_and_no_port()
    {
        using var folder = new TestFolder();
        var images = new TestImages { IsReachable = false };
        await using var node = new TestFleet(folder, images: images);
        var server = Servers.New(images.Add([1, 2, 3])) with { PortIds = ["no-such-port"], ConfigDrive = true };

        node.Update(server.At(1));
        await node.WaitAsync(server.Id, 1, ServerStates.Converged);

        Assert.Equal(["state.json"], Directory.EnumerateFiles(Path.Combine(folder.Path, "servers", server.Id)).Select(Path.GetFileName));
        var log = Encoding.UTF8.GetString(await node.Fleet.ConsoleLogAsync(server.Id, 10_000, CancellationToken.None));
        Assert.Contains("simulated server " + server.Id, log);
        Assert.Equal(5, (await node.Fleet.ConsoleLogAsync(server.Id, 5, CancellationToken.None)).Length);
    }

    [Fact]
    public async Task An_operation_is_done_once_and_reported_done_ever_after()
    {
        using var folder = new TestFolder();
        var server = Servers.New();
        DateTimeOffset? rebootedAt;
        await using (var node = new TestFleet(folder))
        {
            node.Update(server.At(1));
            var first = await node.WaitAsync(server.Id, 1, ServerStates.Converged);
            Assert.Empty(first.CompletedOperations);

            server = server.With("op-1", OperationKinds.RebootHard);
            node.Update(server.At(2));
            var second = await node.WaitAsync(server.Id, 2, ServerStates.Converged);
            Assert.Equal(["op-1"], second.CompletedOperations);
            Assert.True(second.StartedAt > first.StartedAt);
            rebootedAt = second.StartedAt;
        }

        await using var again = new TestFleet(folder);
        again.Update(server.At(2));
        var third = await again.WaitAsync(server.Id, 2, ServerStates.Converged);
        Assert.Equal(["op-1"], third.CompletedOperations);
        Assert.Equal(rebootedAt, third.StartedAt);
    }

    [Fact]
    public async Task A_reboot_of_a_stopped_server_is_done_by_doing_nothing()
    {
        using var folder = new TestFolder();
        await using var node = new TestFleet(folder);
        var server = Servers.New().Stopped().With("op-1", OperationKinds.RebootSoft);

        node.Update(server.At(1));

        var details = await node.WaitAsync(server.Id, 1, ServerStates.Converged);
        Assert.Equal(PowerStates.Stopped, details.PowerState);
        Assert.Equal(["op-1"], details.CompletedOperations);
    }

    [Fact]
    public async Task A_server_removed_while_no_agent_ran_is_removed_by_the_next_one()
    {
        using var folder = new TestFolder();
        var server = Servers.New();
        await using (var node = new TestFleet(folder))
        {
            node.Update(server.At(1));
            await node.WaitAsync(server.Id, 1, ServerStates.Converged);
        }

        await using var again = new TestFleet(folder);
        again.Update();
        await again.WaitGoneAsync(server.Id);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "servers")));
    }

    [Fact]
    public async Task A_server_desired_again_while_it_is_removed_is_made_again()
    {
        using var folder = new TestFolder();
        await using var node = new TestFleet(folder);
        var server = Servers.New();

        for (var generation = 1; generation <= 20; generation++)
        {
            node.Update(server.At(generation));
            node.Update();
        }

        node.Update(server.At(100));
        await node.WaitAsync(server.Id, 100, ServerStates.Converged);
        Assert.True(node.Fleet.Holds(server.Id));
    }

    [Fact]
    public async Task A_driver_this_node_does_not_have_is_an_error_that_names_those_it_has()
    {
        using var folder = new TestFolder();
        await using var node = new TestFleet(folder);
        var server = Servers.New(driver: "hyper");

        node.Update(server.At(1));
        await node.WaitAsync(server.Id, 1, ServerStates.Error);

        var fault = node.StatusOf(server.Id)!.Fault!;
        Assert.Contains("hyper", fault);
        Assert.Contains("simulated", fault);
    }

    [Fact]
    public async Task A_thousand_simulated_servers_are_cheap()
    {
        using var folder = new TestFolder();
        await using var node = new TestFleet(folder);
        var servers = Enumerable.Range(0, 1000).Select(_ => Servers.New().At(1)).ToArray();
        node.Update(servers[0]);
        await node.WaitAsync(servers[0].Document.Id, 1, ServerStates.Converged);
        var threads = Process.GetCurrentProcess().Threads.Count;
        var memory = GC.GetTotalMemory(forceFullCollection: true);

        node.Update(servers);
        foreach (var server in servers)
            await node.WaitAsync(server.Document.Id, 1, ServerStates.Converged);

        // Threads of the pool come and go; a thread a server would be a thousand.
        Assert.InRange(Process.GetCurrentProcess().Threads.Count, 0, threads + 50);
        Assert.InRange((GC.GetTotalMemory(forceFullCollection: true) - memory) / servers.Length, 0, 16 * 1024);
    }
}
