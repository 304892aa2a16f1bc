using System.Net.Sockets;
using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Processes;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>Servers of the <c>kvm</c> driver: real machines in their jail.</summary>
public sealed class KvmFleetTests
{
    [Fact]
    public async Task A_guest_runs_listens_and_switches_itself_off()
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        Assert.Equal("kvm", (await node.RunAsync(server)).Driver);

        // More than the port's sixteen bytes: the rest waits until the guest has read.
        var typed = string.Concat(Enumerable.Range(0, 40).Select(static i => $"{i:00} "));
        await node.TypeAsync(server.Id, typed);
        await node.WaitForConsoleAsync(server.Id, typed);
        await node.TypeAsync(server.Id, "q");

        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest)).PowerState);
        Assert.EndsWith("bye\r\n", await node.ConsoleAsync(server.Id));
    }

    [Fact]
    public async Task A_guest_that_restarts_itself_is_started_again()
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        await node.RunAsync(server);
        var first = node.StateOf(server.Id).Process;

        await node.TypeAsync(server.Id, "r");
        await node.WaitForConsoleAsync(server.Id, "ready", times: 2);

        await node.Agent.AwaitAsync(() => node.StateOf(server.Id) is { Phase: GuestPhase.Running } state && state.Process != first ? state : null, () => "not running");
    }

    [Fact]
    public async Task Stopping_presses_the_power_button_and_forces_a_guest_that_is_deaf_to_it()
    {
        await using var node = await KvmNode.StartAsync();
        var (obeying, deaf) = (node.NewServer(), node.NewServer());
        await node.RunAsync(obeying);
        node.Agent.Update(obeying.Stopped().At(2));
        await node.Agent.WaitAsync(obeying.Id, 2, ServerStates.Converged, static details => details.PowerState == PowerStates.Stopped);
        Assert.Contains("button\r\nbye", await node.ConsoleAsync(obeying.Id));

        await node.StopAgentAsync();
        node.PowerOffTimeout = TimeSpan.FromSeconds(1);
        await node.StartAgentAsync();
        await node.RunAsync(deaf);
        await node.TypeAsync(deaf.Id, "d!");
        await node.WaitForConsoleAsync(deaf.Id, "d!");
        node.Agent.Update(deaf.Stopped().At(2), obeying.Stopped().At(2));
        await node.Agent.WaitAsync(deaf.Id, 2, ServerStates.Converged, static details => details.PowerState == PowerStates.Stopped);
        Assert.DoesNotContain("bye", await node.ConsoleAsync(deaf.Id));
    }

    [Fact]
    public async Task A_guest_outlives_its_agent_and_what_it_said_meanwhile_is_known()
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        var started = await node.RunAsync(server);
        var process = node.StateOf(server.Id).Process;
        await node.StopAgentAsync();
        await SayAsync(node, server, "unseen\n");

        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        Assert.Equal(started.StartedAt, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged)).StartedAt);
        Assert.Equal(process, node.StateOf(server.Id).Process);
        Assert.Contains("unseen", await node.ConsoleAsync(server.Id));
        await node.TypeAsync(server.Id, "again!");
        await node.WaitForConsoleAsync(server.Id, "again!");
    }

    [Theory]
    [InlineData("q", ServerStates.StoppedByGuest, PowerStates.Stopped)]
    [InlineData("r", ServerStates.Converged, PowerStates.Running)]
    public async Task How_a_guest_ended_while_no_agent_ran_is_found_out(string typed, string state, string power)
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        await node.RunAsync(server);
        var process = node.StateOf(server.Id).Process!;
        await node.StopAgentAsync();
        using (var descriptor = PidFd.Open(process.ProcessId)!)
        using (var exits = new ProcessExits())
        {
            var ended = exits.WhenEndedAsync(descriptor, CancellationToken.None);
            await SayAsync(node, server, typed);
            await ended.WaitAsync(TestFleet.Deadline, TestContext.Current.CancellationToken);
        }

        ChildProcess.Wait(process.ProcessId);
        await node.StartAgentAsync();
        node.Agent.Update(server.At(1));

        await node.Agent.WaitAsync(server.Id, 1, state, details => details.PowerState == power && node.StateOf(server.Id).Process != process);
    }

    [Fact]
    public async Task A_machine_whose_process_died_has_crashed()
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        await node.RunAsync(server);
        using (var process = PidFd.Open(node.StateOf(server.Id).Process!.ProcessId)!)
            PidFd.Signal(process, 9);
        Assert.Equal(PowerStates.Crashed, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest)).PowerState);
    }

    [Fact]
    public async Task A_kernel_that_is_none_is_refused_in_words()
    {
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        server = server with { Image = server.Image! with { Kernel = node.Images.Add("no kernel"u8.ToArray()) } };
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Error);
        Assert.Contains("neither a bzImage nor an ELF file", node.Agent.StatusOf(server.Id)!.Fault);
    }

    [Fact]
    public async Task The_process_owns_nothing_sees_nothing_and_is_filtered()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can make namespaces and become other users");
        await using var node = await KvmNode.StartAsync();
        var server = node.NewServer();
        await node.RunAsync(server);
        var state = node.StateOf(server.Id);
        var folder = $"/proc/{state.Process!.ProcessId}";
        var status = (await File.ReadAllLinesAsync($"{folder}/status", TestContext.Current.CancellationToken))
            .Select(static line => line.Split(':', 2)).ToDictionary(static pair => pair[0], static pair => pair[1].Trim());

        Assert.StartsWith($"{state.UserId}\t", status["Uid"]);
        Assert.StartsWith($"{state.UserId}\t", status["Gid"]);
        Assert.Equal("", status["Groups"]);
        Assert.Equal("0000000000000000", status["CapEff"]);
        Assert.Equal("1", status["NoNewPrivs"]);
        Assert.Equal("2", status["Seccomp"]);           // a filter
        Assert.EndsWith("\t1", status["NSpid"]);        // the first, and only, process that it sees
        foreach (var kind in new[] { "mnt", "net", "ipc", "uts", "pid" })
            Assert.NotEqual(File.ResolveLinkTarget($"/proc/self/ns/{kind}", false)!.Name, File.ResolveLinkTarget($"{folder}/ns/{kind}", false)!.Name);
        Assert.Equal(["appliance-vmm", "lib", "lib64"], Directory.EnumerateFileSystemEntries($"{folder}/root/").Select(Path.GetFileName).Order());
        Assert.Contains("ro,", (await File.ReadAllLinesAsync($"{folder}/mountinfo", TestContext.Current.CancellationToken)).Single().Split(' ')[5] + ",");
        if (File.Exists("/sys/fs/cgroup/cgroup.controllers") || Directory.Exists("/sys/fs/cgroup/memory"))
            Assert.Contains(await File.ReadAllLinesAsync($"{folder}/cgroup", TestContext.Current.CancellationToken), line => line.EndsWith($"/appliance/{server.Id}", StringComparison.Ordinal));
    }

    /// <summary>Types what the guest echoes, without an agent.</summary>
    private static async Task SayAsync(KvmNode node, ServerDocument server, string text)
    {
        using var serial = (await UnixClient.TryConnectAsync(node.PathOf(server.Id, ""), "serial.sock", CancellationToken.None))!;
        await serial.SendAsync(System.Text.Encoding.ASCII.GetBytes(text));
        var said = new byte[64];
        while (await serial.ReceiveAsync(said) is > 0 && !said.AsSpan().Contains((byte)'\n'))
        {
        }
    }
}
