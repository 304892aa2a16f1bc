using Appliance.Agent.Compute;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>What survives the agent, and what an agent finds that was away.</summary>
public sealed class QemuRestartTests
{
    [Fact]
    public async Task A_guest_outlives_its_agent_and_the_next_one_takes_it_over()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        var started = await RunAsync(node, server);
        var process = node.StateOf(server.Id).Process;

        await node.StopAgentAsync();
        Assert.True(Directory.Exists($"/proc/{process!.ProcessId}"));
        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        var adopted = await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        Assert.Equal(started.StartedAt, adopted.StartedAt);
        Assert.Equal(process, node.StateOf(server.Id).Process);
        await node.TypeAsync(server.Id, "xyz");
        await node.WaitForConsoleAsync(server.Id, "xyz");
        Assert.Contains("boot 1 ready", await node.ConsoleAsync(server.Id));
        node.Agent.Update(server.Stopped().At(2));
        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged)).PowerState);
    }

    [Fact]
    public async Task A_guest_that_switched_itself_off_while_no_agent_ran_is_found_so()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        await RunAsync(node, server);
        await node.StopAgentAsync();

        using (var serial = (await Appliance.Agent.Compute.Processes.UnixClient.TryConnectAsync(node.PathOf(server.Id, ""), "serial.sock", CancellationToken.None))!)
        {
            await serial.SendAsync("q"u8.ToArray());
            var said = new byte[64];
            while (await serial.ReceiveAsync(said) is > 0 && !said.AsSpan().ContainsAny("\n"u8))
            {
            }
        }

        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest)).PowerState);
        Assert.Null(node.StateOf(server.Id).Process);
    }

    [Fact]
    public async Task A_guest_whose_process_died_while_no_agent_ran_is_found_crashed()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        await RunAsync(node, server);
        await node.StopAgentAsync();
        await node.KillProcessAsync(server.Id);

        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        Assert.Equal(PowerStates.Crashed, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest)).PowerState);
    }

    [Fact]
    public async Task After_a_power_cut_the_servers_that_should_run_are_started_again()
    {
        await using var node = await QemuNode.StartAsync();
        var (server, stopped) = (node.NewServer(), node.NewServer().Stopped());
        node.Agent.Update(server.At(1), stopped.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.Agent.WaitAsync(stopped.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 1 ready");
        await node.StopAgentAsync();
        await node.KillProcessAsync(server.Id);
        node.ChangeState(server.Id, state => state with { BootId = "another", Process = state.Process! with { BootId = "another" } });

        node.Images.IsReachable = false;
        await node.StartAgentAsync();
        node.Agent.Update(server.At(1), stopped.At(1));

        Assert.Equal(PowerStates.Running, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged)).PowerState);
        await node.WaitForConsoleAsync(server.Id, "boot 2 ready");
        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(stopped.Id, 1, ServerStates.Converged)).PowerState);
    }

    [Fact]
    public async Task A_start_that_was_cut_off_is_made_again()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        await RunAsync(node, server);
        await node.StopAgentAsync();
        await node.KillProcessAsync(server.Id);
        node.ChangeState(server.Id, state => state with { Phase = GuestPhase.Starting });

        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 2 ready");
    }

    [Fact]
    public async Task A_process_that_only_has_the_same_id_is_left_alone()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        await RunAsync(node, server);
        await node.StopAgentAsync();
        var real = node.StateOf(server.Id).Process!;
        await node.KillProcessAsync(server.Id);
        node.ChangeState(server.Id, state => state with { Process = real with { ProcessId = Environment.ProcessId } });

        await node.StartAgentAsync();
        node.Agent.Update();

        await node.Agent.WaitGoneAsync(server.Id);
    }

    [Fact]
    public async Task A_server_removed_while_no_agent_ran_loses_its_process()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        await RunAsync(node, server);
        var processId = node.StateOf(server.Id).Process!.ProcessId;
        await node.StopAgentAsync();

        await node.StartAgentAsync();
        node.Agent.Update();

        await node.Agent.WaitGoneAsync(server.Id);
        Assert.False(Directory.Exists($"/proc/{processId}"));
    }

    [Fact]
    public async Task A_guest_runs_as_a_user_of_its_own_without_network_and_under_a_filter()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        await using var node = await QemuNode.StartAsync();
        var (one, other) = (node.NewServer(), node.NewServer());
        node.Agent.Update(one.At(1), other.At(1));
        await node.Agent.WaitAsync(one.Id, 1, ServerStates.Converged);
        await node.Agent.WaitAsync(other.Id, 1, ServerStates.Converged);

        var (state, otherState) = (node.StateOf(one.Id), node.StateOf(other.Id));
        var process = $"/proc/{state.Process!.ProcessId}";
        var status = await File.ReadAllLinesAsync($"{process}/status", TestContext.Current.CancellationToken);
        Assert.NotEqual(state.UserId, otherState.UserId);
        Assert.Contains($"Uid:\t{state.UserId}\t{state.UserId}\t{state.UserId}\t{state.UserId}", status);
        Assert.Contains("CapEff:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
        Assert.Contains("Seccomp:\t2", status);
        Assert.NotEqual(new FileInfo("/proc/self/ns/net").LinkTarget, new FileInfo($"{process}/ns/net").LinkTarget);
    }

    private static async Task<ServerStatusDetails> RunAsync(QemuNode node, ServerDocument server)
    {
        node.Agent.Update(server.At(1));
        var details = await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 1 ready");
        return details;
    }
}
